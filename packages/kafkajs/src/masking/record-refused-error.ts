import type { RecordWithheldReason } from '@headgate/masking'
import { HeadgateClientError } from '../errors.ts'
import { createErrorFromCode } from '../kafkajs/internals.cjs'

// Kafka's INVALID_RECORD.
const INVALID_RECORD = 87

/** Which record of a call cannot be masked, and why. */
export interface RecordRefusal {
  readonly topic: string
  /** The place among the messages of the topic in the call, from 0. */
  readonly index: number
  readonly reason: RecordWithheldReason
}

/**
 * The policy masks what is written to the topic, and a record cannot be masked: nothing of the call was sent.
 *
 * Its `cause` is the `KafkaJSProtocolError` that the gateway's refusal would be, and `type` is that error's.
 */
export class HeadgateRecordRefusedError extends HeadgateClientError<'ERR_KAFKAJS_RECORD_REFUSED'> {
  readonly code = 'ERR_KAFKAJS_RECORD_REFUSED'
  /** `INVALID_RECORD`. */
  readonly type: string
  readonly refusal: RecordRefusal

  constructor(refusal: RecordRefusal) {
    const { topic, index, reason } = refusal
    const cause = createErrorFromCode(INVALID_RECORD)
    super({
      message: `record ${index} for topic \`${topic}\` cannot be masked, as the policy wants it: ${reason}: send values in the format that the topic's protection declares`,
      details: { topic, index, reason },
      cause,
    })
    this.type = 'INVALID_RECORD'
    this.refusal = refusal
  }
}
