import { createHash } from 'node:crypto'
import type { Clock } from '@headgate/core'
import {
  type BundleClaims,
  compileProgram,
  createCanaries,
  demandsOf,
  principalKey,
  signBundle,
} from '@headgate/policy'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { PolicySnapshot } from '../control-port.ts'
import type { SignIn } from '../identity/authenticator.ts'
import type { KeyRings } from '../identity/key-ring.ts'
import { residualOf } from '../principal-residual.ts'
import { type BundleAddressee, BundleRevisions } from './bundle-revisions.ts'
import type { PolicyFileSource } from './policy-source.ts'

/** What a {@link BundleIssuer} needs. */
export interface BundleIssuerOptions {
  readonly config: GatewayConfig
  readonly policySource: PolicyFileSource
  readonly clock: Clock
  readonly keys: KeyRings
}

/** A signed bundle and the tag that it is compared by. */
export interface IssuedBundle {
  /** A compact JWS. */
  readonly jws: string
  /** A strong entity tag, in quotes. */
  readonly etag: string
  /** From then on there is another. */
  readonly refreshAfterUnixMs: number
}

interface Kept {
  /** What the bundle was made from: key, policy revision and what is known of the principal. */
  readonly basis: string
  readonly bundle: Promise<IssuedBundle>
  readonly refreshAfterUnixMs: number
}

const MAX_KEPT = 2_000

function addresseeOf({ principal, clientId }: SignIn): BundleAddressee {
  return { issuer: principal.issuer, subject: principal.subject, clientId: clientId ?? principal.subject }
}

/**
 * Signs the bundle of a principal and keeps it until its refresh time, so that a client that asks more often is
 * answered with the same one, and one that asks then gets a bundle with a new life.
 */
export class BundleIssuer {
  readonly #options: BundleIssuerOptions
  readonly #revisions = new BundleRevisions()
  // INVARIANT: one bundle for each addressee, the newest: an older one would take a client's revision back.
  readonly #kept = new Map<string, Kept>()

  constructor(options: BundleIssuerOptions) {
    this.#options = options
  }

  /** Gives the bundle of the policy in force for exactly this principal and client. */
  bundleFor(signIn: SignIn): Promise<IssuedBundle> {
    const snapshot = this.#options.policySource.current
    const key = JSON.stringify(Object.values(addresseeOf(signIn)))
    const basis = JSON.stringify([
      this.#options.keys.bundles.current.thumbprint,
      snapshot.revision,
      principalKey(signIn.principal),
    ])
    const kept = this.#kept.get(key)
    const isFresh = kept !== undefined && kept.refreshAfterUnixMs > this.#options.clock.nowUnixMs()
    return isFresh && kept.basis === basis ? kept.bundle : this.#issue(key, basis, signIn, snapshot)
  }

  #issue(key: string, basis: string, signIn: SignIn, snapshot: PolicySnapshot): Promise<IssuedBundle> {
    const claims = this.#claims(signIn, snapshot)
    const bundle = this.#sign(claims)
    const kept = { basis, bundle, refreshAfterUnixMs: claims.refreshAfterUnixMs }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    const oldest = this.#kept.keys().next()
    if (this.#kept.size > MAX_KEPT && oldest.done !== true) this.#kept.delete(oldest.value)
    bundle.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key)
    })
    return bundle
  }

  async #sign(claims: BundleClaims): Promise<IssuedBundle> {
    const jws = await signBundle(claims, this.#options.keys.bundles.current)
    const etag = `"${createHash('sha256').update(jws).digest('base64url')}"`
    return { jws, etag, refreshAfterUnixMs: claims.refreshAfterUnixMs }
  }

  #claims(signIn: SignIn, snapshot: PolicySnapshot): BundleClaims {
    const { config, clock } = this.#options
    const addressee = addresseeOf(signIn)
    const now = clock.nowUnixMs()
    const program = compileProgram(residualOf(snapshot, signIn.principal), now)
    return {
      version: 1,
      issuer: config.http.publicUrl,
      audience: addressee.clientId,
      subject: { issuer: addressee.issuer, subject: addressee.subject },
      cluster: config.cluster.name,
      revision: this.#revisions.assign(addressee, snapshot.revision, program.digest),
      issuedAtUnixMs: now,
      refreshAfterUnixMs: now + config.bundles.refreshSeconds * 1_000,
      expiresAtUnixMs: now + config.bundles.lifetimeSeconds * 1_000,
      onStale: 'deny',
      mustUnderstand: demandsOf(program.residual),
      canaries: createCanaries(program),
      residual: program.residual,
      programDigest: program.digest,
    }
  }
}
