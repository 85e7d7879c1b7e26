import type { Clock } from '@headgate/core'
import {
  compileProgram,
  type PolicyResidual,
  type Principal,
  type Program,
  principalKey,
  residualFor,
} from '@headgate/policy'
import type { PolicySnapshot } from '../control-port.ts'

/** The policy of a principal as it is now. Keeps the last one, since who asks asks often. */
export class RecentProgram {
  readonly #clock: Pick<Clock, 'nowUnixMs'>
  readonly #residualOf: (snapshot: PolicySnapshot, principal: Principal) => PolicyResidual
  #kept: { readonly key: string; readonly program: Program } | undefined

  /** @param residualOf what counts of a policy: unless told, all of it, whatever the modes of the gateway. */
  constructor(
    clock: Pick<Clock, 'nowUnixMs'>,
    residualOf: (snapshot: PolicySnapshot, principal: Principal) => PolicyResidual = ({ document }, principal) =>
      residualFor(document, principal),
  ) {
    this.#clock = clock
    this.#residualOf = residualOf
  }

  /** The policy of `principal` by this snapshot. */
  of(snapshot: PolicySnapshot, principal: Principal): Program {
    const key = `${snapshot.revision} ${principalKey(principal)}`
    const nowUnixMs = this.#clock.nowUnixMs()
    if (this.#kept?.key === key && nowUnixMs < this.#kept.program.validUntilUnixMs) return this.#kept.program
    const program = compileProgram(this.#residualOf(snapshot, principal), nowUnixMs)
    this.#kept = { key, program }
    return program
  }
}
