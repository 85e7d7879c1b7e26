import { type Clock, systemClock } from '@headgate/core'
import { compileProgram, createClosedProgram, type Program } from '../program/program.ts'
import { BundleAddresseeError, BundleEquivocationError, BundleRollbackError } from './errors.ts'
import { VerifiedBundle } from './verified-bundle.ts'
import type { HighWaterMark } from './verify-bundle.ts'

/** How old the bundle in force is. `expired` = everything is denied, also when there was never a bundle. */
export type BundleStaleness = 'fresh' | 'refresh-due' | 'expired'

interface Active {
  readonly bundle: VerifiedBundle
  /** Ends by the monotonic clock, so that a wall clock that goes back does not prolong them. */
  readonly refreshAtMonotonicMs: number
  readonly expiresAtMonotonicMs: number
  /** When it was put in force: by the wall clock that was right by verification, and by the monotonic one. */
  readonly sinceUnixMs: number
  readonly sinceMonotonicMs: number
}

// Made when they are needed first, which for most clients is never.
const closed = new Map<'no-bundle' | 'bundle-expired', Program>()

function closedProgram(reason: 'no-bundle' | 'bundle-expired'): Program {
  const program = closed.get(reason) ?? createClosedProgram(reason)
  closed.set(reason, program)
  return program
}

/** What a store is made with. */
export interface BundleStoreOptions {
  /** The clock of the machine unless told. */
  readonly clock?: Clock
}

/**
 * Holds the bundle in force for one addressee. A new one replaces it whole, in one step: whoever took a program before
 * goes on with all of the old one, whoever takes one after gets all of the new one.
 */
export class BundleStore {
  readonly #clock: Clock
  #active: Active | undefined
  #program: Program | undefined
  #highWaterMark: HighWaterMark | undefined

  constructor(options: BundleStoreOptions = {}) {
    this.#clock = options.clock ?? systemClock
  }

  /** The newest bundle that was put in force, expired or not. */
  get current(): VerifiedBundle | undefined {
    return this.#active?.bundle
  }

  /** The newest revision and program seen; give it to verification. */
  get highWaterMark(): HighWaterMark | undefined {
    return this.#highWaterMark
  }

  /** Whether a bundle is in force that has not expired. */
  get isReady(): boolean {
    return this.staleness() !== 'expired'
  }

  /**
   * Puts a bundle in force. Tells whether it did: one of the same revision that was issued no later changes nothing.
   *
   * @throws BundleAddresseeError `ERR_POLICY_BUNDLE_ADDRESSEE` when it is for another client than the one before
   * @throws BundleRollbackError `ERR_POLICY_BUNDLE_ROLLBACK` when it is older than the newest seen
   * @throws BundleEquivocationError `ERR_POLICY_BUNDLE_EQUIVOCATION` when its revision was seen with another program
   * @throws TypeError when it did not come from verification
   */
  activate(bundle: VerifiedBundle): boolean {
    if (!VerifiedBundle.is(bundle)) throw new TypeError('only a verified bundle can be put in force')
    const before = this.#active?.bundle
    if (before !== undefined) assertSuccessor(before, bundle)
    const { claims, program, verifiedAtUnixMs } = bundle
    if (claims.revision === before?.claims.revision && claims.issuedAtUnixMs <= before.claims.issuedAtUnixMs)
      return false
    // A clock that runs behind the issuer's must not lengthen the bundle's life beyond what the issuer gave it.
    const sinceUnixMs = Math.max(verifiedAtUnixMs, claims.issuedAtUnixMs)
    const nowMonotonicMs = this.#clock.monotonicMs()
    this.#highWaterMark = Object.freeze({ revision: claims.revision, programDigest: program.digest })
    this.#active = Object.freeze({
      bundle,
      refreshAtMonotonicMs: nowMonotonicMs + claims.refreshAfterUnixMs - sinceUnixMs,
      expiresAtMonotonicMs: nowMonotonicMs + claims.expiresAtUnixMs - sinceUnixMs,
      sinceUnixMs,
      sinceMonotonicMs: nowMonotonicMs,
    })
    this.#program = program
    return true
  }

  /** How old the bundle in force is, by the wall clock and by the monotonic clock, whichever is further. */
  staleness(nowUnixMs: number = this.#clock.nowUnixMs()): BundleStaleness {
    const active = this.#active
    if (active === undefined) return 'expired'
    const { expiresAtUnixMs, refreshAfterUnixMs } = active.bundle.claims
    const nowMonotonicMs = this.#clock.monotonicMs()
    if (!(nowUnixMs < expiresAtUnixMs && nowMonotonicMs < active.expiresAtMonotonicMs)) return 'expired'
    const refresh = nowUnixMs >= refreshAfterUnixMs || nowMonotonicMs >= active.refreshAtMonotonicMs
    return refresh ? 'refresh-due' : 'fresh'
  }

  /** The program to decide by now: without a bundle in force, one that denies everything and says why. */
  programAt(nowUnixMs: number = this.#clock.nowUnixMs()): Program {
    const active = this.#active
    if (active === undefined) return closedProgram('no-bundle')
    return this.staleness(nowUnixMs) === 'expired'
      ? closedProgram('bundle-expired')
      : this.#programOf(active, nowUnixMs)
  }

  /** Compiles anew when rules have begun or ended to apply. A clock that went back brings no rule back that has ended. */
  #programOf({ bundle, sinceUnixMs, sinceMonotonicMs }: Active, nowUnixMs: number): Program {
    const program = this.#program ?? bundle.program
    if (program.validUntilUnixMs === Number.POSITIVE_INFINITY) return program
    const leastUnixMs = sinceUnixMs + this.#clock.monotonicMs() - sinceMonotonicMs
    const atUnixMs = Math.max(nowUnixMs, Math.floor(leastUnixMs))
    if (atUnixMs < program.validUntilUnixMs) return program
    this.#program = compileProgram(bundle.claims.residual, atUnixMs)
    return this.#program
  }
}

function assertSuccessor({ claims: before, program }: VerifiedBundle, { claims, program: next }: VerifiedBundle): void {
  const addressee = ({ issuer, audience, subject, cluster }: typeof claims): string =>
    JSON.stringify([issuer, audience, subject.issuer, subject.subject, cluster])
  if (addressee(before) !== addressee(claims)) {
    throw new BundleAddresseeError({ message: 'bundle: it is for another addressee than the one in force' })
  }
  const { revision } = claims
  if (revision < before.revision) {
    const message = `bundle: revision ${revision} is older than ${before.revision}, which is in force`
    throw new BundleRollbackError({ message, details: { revision, least: before.revision } })
  }
  if (revision === before.revision && next.digest !== program.digest) {
    const message = `bundle: revision ${revision} was signed for two different programs`
    throw new BundleEquivocationError({ message, details: { revision } })
  }
}
