import type { Clock } from '@headgate/core'
import { compileProgram, type Principal, type Program, residualFor } from '@headgate/policy'
import type { PolicySnapshot } from '../control-port.ts'

/** The policy of a principal as it is now. Keeps the last one, since who asks asks often. */
export class RecentProgram {
  readonly #clock: Pick<Clock, 'nowUnixMs'>
  #kept: { readonly key: string; readonly program: Program } | undefined

  constructor(clock: Pick<Clock, 'nowUnixMs'>) {
    this.#clock = clock
  }

  /** The policy of `principal` by this snapshot. */
  of(snapshot: PolicySnapshot, principal: Principal): Program {
    const { issuer, subject, groups } = principal
    const key = JSON.stringify([snapshot.revision, issuer, subject, groups ?? null])
    const nowUnixMs = this.#clock.nowUnixMs()
    if (this.#kept?.key === key && nowUnixMs < this.#kept.program.validUntilUnixMs) return this.#kept.program
    const program = compileProgram(residualFor(snapshot.document, principal), nowUnixMs)
    this.#kept = { key, program }
    return program
  }
}
