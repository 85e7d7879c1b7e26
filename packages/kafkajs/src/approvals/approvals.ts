import { type Decision, Operation } from '@headgate/policy'
import type { Ask } from '../access/ask.ts'
import { findCause } from '../access/find-cause.ts'
import type { Admission } from '../access/gate.ts'
import type { ApprovalAsk } from './approval-ask.ts'
import { HeadgateApprovalPendingError } from './approval-pending-error.ts'
import { ApprovalWatch, type ApprovalWatchOptions, type Hold } from './approval-watch.ts'

/** What approvals are announced with. */
export type ApprovalsOptions = Omit<ApprovalWatchOptions, 'changed'> & {
  readonly report: (event: ApprovalEventName, ask: ApprovalAsk) => void
}

/** What is told of an ask. */
export type ApprovalEventName = 'headgate.approval-pending' | 'headgate.approval-approved' | 'headgate.approval-refused'

const NONE: readonly never[] = Object.freeze([])
// A refusal can be here before the ask is in the gateway's list.
const LOOKS_AFTER_REFUSAL = 3
const PAUSE_AFTER_REFUSAL_MS = 200
const POLICY_VIOLATION = 44

/**
 * Announces what waits for an approval, and what becomes of it.
 *
 * It holds nothing back: the gateway does. A decision to hold says that an approval is needed, not whether it was given, so the
 * gateway is asked.
 */
export class Approvals {
  readonly #options: ApprovalsOptions
  readonly #watches = new Map<string, ApprovalWatch>()

  constructor(options: ApprovalsOptions) {
    this.#options = options
  }

  /** Watches what an admitted call has to wait for; `anew`: also what has been settled. Gives the holds. */
  announce({ asks, decisions }: Admission, anew = false): readonly Hold[] {
    if (!decisions.some(isHold)) return NONE
    const holds = decisions.flatMap((decision, index) => holdOf(asks[index], decision))
    for (const hold of holds) this.#watchOf(hold).start(hold, anew)
    return holds
  }

  /** The asks that an operation on a topic waits for or is approved by, as far as they are known. */
  askIds(topic: string, operation: Hold['operation']): readonly string[] {
    return this.#watches.get(keyOf(topic, operation))?.asks.map(({ id }) => id) ?? NONE
  }

  /** The gateway says that an ask took a step: what is awaited is looked at now, not when its pause is over. */
  lookAgain(): void {
    for (const watch of this.#watches.values()) watch.hurry()
  }

  /** The error of a refused call: one that names what it waits for, where that is why it was refused. */
  async explain(method: string, holds: readonly Hold[], error: unknown): Promise<unknown> {
    if (!isPolicyViolation(error)) return error
    const asks = await Promise.all(holds.map((hold) => this.#waitingFor(hold)))
    return new HeadgateApprovalPendingError({
      method,
      topics: holds.map(({ topic }) => topic),
      asks: asks.flat(),
      cause: error,
    })
  }

  async #waitingFor(hold: Hold): Promise<readonly ApprovalAsk[]> {
    const watch = this.#watchOf(hold)
    const waiting = (): readonly ApprovalAsk[] =>
      watch.asks.filter(({ state }) => state === 'pending' || state === 'approved')
    await watch.look()
    for (let looks = 1; looks < LOOKS_AFTER_REFUSAL && waiting().length === 0; looks += 1) {
      await new Promise<void>((resolve) => this.#options.clock.after(PAUSE_AFTER_REFUSAL_MS, resolve))
      await watch.look()
    }
    watch.start(hold, true)
    return waiting()
  }

  #watchOf(hold: Hold): ApprovalWatch {
    const key = keyOf(hold.topic, hold.operation)
    const known = this.#watches.get(key)
    if (known !== undefined) return known
    const watch = new ApprovalWatch(hold, {
      ...this.#options,
      changed: (ask, from) => {
        const event = eventOf(ask, from)
        if (event !== undefined) this.#options.report(event, ask)
      },
    })
    this.#watches.set(key, watch)
    return watch
  }
}

function eventOf({ state }: ApprovalAsk, from: ApprovalAsk['state'] | undefined): ApprovalEventName | undefined {
  if (state === 'pending') return 'headgate.approval-pending'
  if (state === 'approved') return 'headgate.approval-approved'
  // Approved before anybody waited for it here, or told already.
  if (state === 'active') return from === 'pending' ? 'headgate.approval-approved' : undefined
  return 'headgate.approval-refused'
}

const wordOf = (operation: Operation): Hold['operation'] => (operation === Operation.Write ? 'produce' : 'consume')
const keyOf = (topic: string, operation: Hold['operation']): string => `${operation} ${topic}`
const isHold = ({ effect }: Decision): boolean => effect === 'hold'

function holdOf(ask: Ask | undefined, decision: Decision): readonly Hold[] {
  if (ask?.resourceType !== 'topic' || !isHold(decision)) return NONE
  const protections = decision.obligations?.approvals.map(({ protection }) => protection) ?? []
  return [{ topic: ask.name, operation: wordOf(ask.operation), protections }]
}

const isPolicyViolation = (error: unknown): boolean =>
  findCause(error, (cause) => 'code' in cause && cause.code === POLICY_VIOLATION) !== undefined
