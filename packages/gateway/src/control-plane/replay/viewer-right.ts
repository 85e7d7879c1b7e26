import type { AuditApproval } from '@headgate/audit'
import type { Clock } from '@headgate/core'
import { type Decision, decide, type MaskObligation, Operation, type Principal, widerSight } from '@headgate/policy'
import type { PolicySnapshot } from '../../control-port.ts'
import type { Ask } from '../asks/ask.ts'
import type { Asks } from '../asks/asks.ts'
import { RecentProgram } from '../recent-program.ts'

/** Why somebody sees no records of a topic. */
export type NoRecordsReason = 'no-right' | 'held'

/** What somebody may see of a partition's records now. */
export interface ViewerRight {
  /** `undefined`: records, under `mask`. */
  readonly noRecords: NoRecordsReason | undefined
  readonly mask: MaskObligation | undefined
  readonly ruleIds: readonly string[]
  readonly approvals: readonly AuditApproval[]
  readonly policyRevision: number
}

/** Denials of reading that are meant for this very principal; a grant to replay does not go around them. */
const FORBIDDEN: ReadonlySet<Decision['reason']> = new Set(['denied-by-rule', 'groups-unknown', 'unexpected'])

function isGiven({ state, startsAtUnixMs = 0, endsAtUnixMs = 0 }: Ask, nowUnixMs: number): boolean {
  return (state === 'active' || state === 'approved') && startsAtUnixMs <= nowUnixMs && nowUnixMs < endsAtUnixMs
}

const maskOf = ({ obligations }: Decision): MaskObligation | undefined => obligations?.mask

/**
 * Decides what viewers may see of what others saw: whoever may `replay` a topic, under the masks and approvals of reading it.
 *
 * Whoever may read it too has the masks of reading, with what is unmasked there; nobody else has anything unmasked. What only
 * one of the two rights shows of a record is shown as replaying shows it, and waits for approval as replaying does.
 */
export class ViewerRights {
  readonly #asks: Pick<Asks, 'newestOf'>
  readonly #programs: RecentProgram

  constructor(asks: Pick<Asks, 'newestOf'>, clock: Pick<Clock, 'nowUnixMs'>) {
    this.#asks = asks
    this.#programs = new RecentProgram(clock)
  }

  /** What `viewer` may see of a partition at this moment. */
  async of(
    snapshot: PolicySnapshot,
    viewer: Principal,
    topic: string,
    partition: number,
    nowUnixMs: number,
  ): Promise<ViewerRight> {
    const program = this.#programs.of(snapshot, viewer)
    const replay = decide(program, 'topic', Operation.Replay, topic, partition)
    const read = decide(program, 'topic', Operation.Read, topic, partition)
    const mask = read.effect === 'deny' ? maskOf(replay) : widerSight(maskOf(read), maskOf(replay))
    const right = { mask, ruleIds: replay.ruleIds, approvals: [], policyRevision: snapshot.revision }
    const isForbidden = read.effect === 'deny' && FORBIDDEN.has(read.reason)
    if (replay.effect === 'deny' || isForbidden) return { ...right, noRecords: 'no-right' }
    const approvalsOf = async (held: Decision): Promise<readonly AuditApproval[] | undefined> =>
      held.effect === 'hold' ? this.#approvalsOf(held, viewer, topic, nowUnixMs) : []
    // INVARIANT: what reading does not show waits for what replaying waits for, whatever reading is freed of.
    const isReadingAlone = read.effect !== 'deny' && mask === maskOf(read)
    const approvals = await approvalsOf(isReadingAlone ? read : replay)
    if (approvals !== undefined) return { ...right, noRecords: undefined, approvals }
    return read.effect === 'allow'
      ? { ...right, mask: maskOf(read), noRecords: undefined }
      : { ...right, noRecords: 'held' }
  }

  /** The live approvals of a hold; `undefined` where one is missing. */
  async #approvalsOf(
    { obligations }: Decision,
    { issuer, subject }: Principal,
    topic: string,
    nowUnixMs: number,
  ): Promise<readonly AuditApproval[] | undefined> {
    const wanted = obligations?.approvals ?? []
    const asks = await Promise.all(
      wanted.map(({ protection }) => this.#asks.newestOf({ issuer, subject, protection, topic, operation: 'consume' })),
    )
    const given = asks.flatMap((ask) => (ask !== undefined && isGiven(ask, nowUnixMs) ? [{ ask: ask.id }] : []))
    return wanted.length > 0 && given.length === wanted.length ? given : undefined
  }
}
