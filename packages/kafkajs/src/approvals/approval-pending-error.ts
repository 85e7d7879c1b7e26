import { HeadgateClientError } from '../errors.ts'
import type { ApprovalAsk } from './approval-ask.ts'

/** What an error that waits for an approval is made from. */
export interface ApprovalPending {
  /** The method of the client that was refused, such as `producer.send`. */
  readonly method: string
  readonly topics: readonly string[]
  /** Those that wait; empty where the gateway told of none. */
  readonly asks: readonly ApprovalAsk[]
  /** The refusal as kafkajs tells it. */
  readonly cause: unknown
}

/**
 * The gateway did not write the records, because somebody has to approve it first. The same call passes once they have:
 * nothing repeats it before.
 *
 * Its `type` is that of Kafka's refusal, its `cause` kafkajs's own error.
 */
export class HeadgateApprovalPendingError extends HeadgateClientError<'ERR_KAFKAJS_APPROVAL_PENDING'> {
  readonly code = 'ERR_KAFKAJS_APPROVAL_PENDING'
  /** `POLICY_VIOLATION`. */
  readonly type: string
  /** The first ask that waits; nothing where the gateway told of none. */
  readonly ask: ApprovalAsk | undefined
  /** All asks that wait. */
  readonly asks: readonly ApprovalAsk[]

  constructor({ method, topics, asks, cause }: ApprovalPending) {
    const [ask] = asks
    const where = asks.length === 0 ? 'ask whoever keeps the policy' : `see ${asks.map(({ url }) => url).join(' ')}`
    super({
      message: `${method}: writing to ${topics.map((topic) => `\`${topic}\``).join(', ')} wants an approval, so nothing was written there: ${where}, and repeat the call once it is approved`,
      details: { method, topics: topics.join(','), ...(ask !== undefined && { askId: ask.id, askUrl: ask.url }) },
      cause,
    })
    this.type = 'POLICY_VIOLATION'
    this.ask = ask
    this.asks = Object.freeze([...asks])
  }
}
