import type { Clock } from '@headgate/core'
import { CLUSTER_NAME, decide, Operation, type Principal } from '@headgate/policy'
import type { PolicySnapshot } from '../control-port.ts'
import { RecentProgram } from './recent-program.ts'

/** Tells who may read the audit: whoever a rule lets `read-audit` on the cluster. */
export class AuditReaders {
  readonly #programs: RecentProgram

  constructor(clock: Pick<Clock, 'nowUnixMs'>) {
    this.#programs = new RecentProgram(clock)
  }

  /** Whether the principal may, by this policy. */
  mayRead(snapshot: PolicySnapshot, principal: Principal): boolean {
    const program = this.#programs.of(snapshot, principal)
    return decide(program, 'cluster', Operation.ReadAudit, CLUSTER_NAME).effect === 'allow'
  }
}
