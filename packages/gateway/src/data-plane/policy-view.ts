import type { Clock, ClockTimer } from '@headgate/core'
import {
  compileProgram,
  ENFORCED,
  type EnforcementModes,
  type Principal,
  type Program,
  principalKey,
} from '@headgate/policy'
import type { AskScope, ControlPort, PolicySnapshot } from '../control-port.ts'
import { residualOf } from '../principal-residual.ts'
import type { AskView } from './ask-view.ts'

const MAX_PROGRAMS = 10_000

/** A compiled policy for one principal, and the revision it was compiled from; another object after each change of rights. */
export interface PrincipalPolicy {
  readonly revision: number
  readonly principal: Principal
  readonly program: Program
}

/**
 * The policy in force, compiled for each principal that asks.
 *
 * A new snapshot replaces every program at once, so that one request sees one policy from end to end.
 */
export class PolicyView {
  readonly #programs = new Map<string, PrincipalPolicy>()
  readonly #stopHearing: () => void
  readonly #listeners = new Set<() => void>()
  readonly #unsubscribe: () => void
  readonly #clock: Clock
  #snapshot: PolicySnapshot | null = null
  #boundary: { readonly atUnixMs: number; readonly timer: ClockTimer } | null = null

  constructor(control: ControlPort, asks: AskView, clock: Clock) {
    this.#clock = clock
    this.#stopHearing = asks.onChange((scope) => this.#onAsk(scope))
    this.#unsubscribe = control.subscribe((message) => {
      if (message.kind !== 'policy') return
      this.#snapshot = message.snapshot
      this.#programs.clear()
      for (const listener of this.#listeners) listener()
    })
  }

  /** The revision in force; -1 before the first policy, when everything is denied. */
  get revision(): number {
    return this.#snapshot?.revision ?? -1
  }

  /** How far the policy is in force. */
  get modes(): EnforcementModes {
    return this.#snapshot?.modes ?? ENFORCED
  }

  /** Calls `listener` after each change of policy; the function returned ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The policy of one principal. */
  policyFor(principal: Principal): PrincipalPolicy {
    const key = principalKey(principal)
    const cached = this.#programs.get(key)
    if (cached !== undefined && this.isValid(cached)) return cached
    const policy = this.#compile(principal)
    if (this.#programs.size >= MAX_PROGRAMS) this.#programs.clear()
    this.#programs.set(key, policy)
    this.#awaitBoundary(policy.program.validUntilUnixMs)
    return policy
  }

  /** Whether a policy may still be decided by: no rule of it has begun or ended to apply. */
  isValid({ program: { validUntilUnixMs } }: PrincipalPolicy): boolean {
    return validUntilUnixMs === Number.POSITIVE_INFINITY || this.#clock.nowUnixMs() < validUntilUnixMs
  }

  /** Ends the subscription. */
  close(): void {
    this.#unsubscribe()
    this.#stopHearing()
    this.#boundary?.timer.cancel()
    this.#listeners.clear()
  }

  /** An ask took a step: who has it gets the same program anew, so that what was decided by the old one is decided again. */
  #onAsk({ issuer, subject }: AskScope): void {
    for (const [key, policy] of this.#programs) {
      if (policy.principal.issuer !== issuer || policy.principal.subject !== subject) continue
      this.#programs.set(key, { ...policy })
    }
    for (const listener of this.#listeners) listener()
  }

  /** At the next boundary all that wait are told; whoever decides meanwhile asks {@link PolicyView.isValid} itself. */
  #awaitBoundary(atUnixMs: number): void {
    if (atUnixMs === Number.POSITIVE_INFINITY) return
    if (this.#boundary !== null && this.#boundary.atUnixMs <= atUnixMs) return
    this.#boundary?.timer.cancel()
    const timer = this.#clock.after(Math.max(0, atUnixMs - this.#clock.nowUnixMs()), () => this.#onBoundary())
    this.#boundary = { atUnixMs, timer }
  }

  #onBoundary(): void {
    this.#boundary = null
    for (const [key, policy] of this.#programs) if (!this.isValid(policy)) this.#programs.delete(key)
    for (const { program } of this.#programs.values()) this.#awaitBoundary(program.validUntilUnixMs)
    for (const listener of this.#listeners) listener()
  }

  #compile(principal: Principal): PrincipalPolicy {
    const snapshot = this.#snapshot
    if (snapshot === null) throw new TypeError('policy: no snapshot has been published')
    return {
      revision: snapshot.revision,
      principal,
      program: compileProgram(residualOf(snapshot, principal), this.#clock.nowUnixMs()),
    }
  }
}
