import type { Clock } from '@headgate/core'
import {
  type ApprovalObligation,
  CLUSTER_NAME,
  decide,
  Operation,
  type Owner,
  ownersOf,
  type Principal,
} from '@headgate/policy'
import type { AskOperation, PolicySnapshot } from '../../control-port.ts'
import { residualOf } from '../../principal-residual.ts'
import { RecentProgram } from '../recent-program.ts'
import { AskNotGrantedError, AskNotNeededError } from './errors.ts'

/** What somebody who asks has to have approved, by the policy in force. */
export interface AskNeeds {
  readonly approvals: readonly ApprovalObligation[]
  readonly ruleIds: readonly string[]
  readonly owners: readonly Owner[]
  readonly policyRevision: number
}

const OPERATIONS = Object.freeze({ consume: Operation.Read, produce: Operation.Write })

/** What the policy in force says of those who ask. */
export class AskPolicy {
  readonly #programs: RecentProgram

  constructor(clock: Pick<Clock, 'nowUnixMs'>) {
    this.#programs = new RecentProgram(clock, residualOf)
  }

  /**
   * Tells which approvals an operation on a topic needs.
   *
   * @throws {AskNotNeededError} `ERR_GATEWAY_ASK_NOT_NEEDED`
   * @throws {AskNotGrantedError} `ERR_GATEWAY_ASK_NOT_GRANTED`
   */
  needsOf(snapshot: PolicySnapshot, principal: Principal, topic: string, operation: AskOperation): AskNeeds {
    const decision = decide(this.#programs.of(snapshot, principal), 'topic', OPERATIONS[operation], topic)
    if (decision.effect === 'allow') throw new AskNotNeededError()
    const approvals = decision.obligations?.approvals ?? []
    if (decision.effect === 'deny' || approvals.length === 0) throw new AskNotGrantedError(decision.reason)
    const owners = ownersOf(snapshot.document, principal)
    return { approvals, ruleIds: decision.ruleIds, owners, policyRevision: snapshot.revision }
  }

  /** Tells whether somebody may see every ask: who may read the audit. It lets nobody decide. */
  mayReadAll(snapshot: PolicySnapshot, principal: Principal): boolean {
    const program = this.#programs.of(snapshot, principal)
    return decide(program, 'cluster', Operation.ReadAudit, CLUSTER_NAME).effect === 'allow'
  }
}
