import { compileProgram, type Principal, type Program, residualFor } from '@headgate/policy'
import type { AskScope, ControlPort, PolicySnapshot } from '../control-port.ts'
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
  #snapshot: PolicySnapshot | null = null

  constructor(control: ControlPort, asks: AskView) {
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

  /** Calls `listener` after each change of policy; the function returned ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The policy of one principal. */
  policyFor(principal: Principal): PrincipalPolicy {
    const key = principalKey(principal)
    const cached = this.#programs.get(key)
    if (cached !== undefined) return cached
    const policy = this.#compile(principal)
    if (this.#programs.size >= MAX_PROGRAMS) this.#programs.clear()
    this.#programs.set(key, policy)
    return policy
  }

  /** Ends the subscription. */
  close(): void {
    this.#unsubscribe()
    this.#stopHearing()
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

  #compile(principal: Principal): PrincipalPolicy {
    const snapshot = this.#snapshot
    if (snapshot === null) throw new TypeError('policy: no snapshot has been published')
    return {
      revision: snapshot.revision,
      principal,
      program: compileProgram(residualFor(snapshot.document, principal)),
    }
  }
}

/** JSON keeps the parts apart whatever characters they hold. */
function principalKey(principal: Principal): string {
  const groups = principal.groups === undefined ? null : [...principal.groups].sort()
  return JSON.stringify([principal.issuer, principal.subject, groups])
}
