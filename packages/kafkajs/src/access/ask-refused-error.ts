import { HeadgateClientError } from '../errors.ts'

/** Why the gateway opened no ask. */
export interface AskRefusal {
  readonly topic: string
  readonly operation: 'consume' | 'produce'
  /** The gateway's code, such as `ERR_GATEWAY_ASK_EXISTS`; `HTTP` and a status where it gave none. */
  readonly reason: string
  /** The gateway's own sentence. */
  readonly title: string
  /** The ask that is under way already. */
  readonly askId?: string
}

/** The gateway opened no ask for an approval: none is needed, one is under way, or what was said of it is not acceptable. */
export class HeadgateAskRefusedError extends HeadgateClientError<'ERR_KAFKAJS_ASK_REFUSED'> {
  readonly code = 'ERR_KAFKAJS_ASK_REFUSED'
  readonly refusal: AskRefusal

  constructor(refusal: AskRefusal) {
    const { topic, operation, reason, title, askId } = refusal
    super({
      message: `no ask to ${operation} \`${topic}\` was opened (${reason}): ${title}`,
      details: { topic, operation, reason, ...(askId !== undefined && { askId }) },
    })
    this.refusal = refusal
  }
}
