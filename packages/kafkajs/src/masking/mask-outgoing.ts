import { maskRecordValue, type RecordPlan, type RecordWithheldReason } from '@headgate/masking'
import type { Message, TopicMessages } from '#kafkajs'
import { maskHeaders } from './mask-headers.ts'
import type { MaskTally } from './mask-tally.ts'
import { HeadgateRecordRefusedError } from './record-refused-error.ts'
import type { TopicMask } from './topic-mask.ts'

// What needs a key for tokens goes on as it is: the gateway has the key and masks it, and it is the sender's own record.
const isLeftToGateway = (reason: RecordWithheldReason): boolean => reason === 'token-key-missing'

/**
 * Masks what is sent to one topic, in the copies that were made of it; the application's own bytes are never changed.
 *
 * Keys are left as they are: they choose the partition.
 *
 * @throws HeadgateRecordRefusedError `ERR_KAFKAJS_RECORD_REFUSED` when a record cannot be masked
 */
export function maskOutgoing({ plan }: TopicMask, { topic, messages }: TopicMessages, tally: MaskTally): void {
  for (const [index, message] of messages.entries()) {
    const reason = plan === undefined ? 'mask-invalid' : maskOne(plan, message, tally)
    if (reason !== undefined) throw new HeadgateRecordRefusedError({ topic, index, reason })
    tally.keep()
  }
}

function maskOne(plan: RecordPlan, message: Message, tally: MaskTally): RecordWithheldReason | undefined {
  const { value, headers } = message
  if (value != null) {
    // As kafkajs writes it.
    const result = maskRecordValue(plan, Buffer.isBuffer(value) ? value : Buffer.from(String(value)))
    if (result.status === 'withheld' && !isLeftToGateway(result.reason)) return result.reason
    if (result.status === 'masked') {
      tally.addMasked(result.masked)
      message.value = result.bytes
    }
  }
  if (headers == null || !plan.masksHeaders) return undefined
  const onWithheld = (reason: RecordWithheldReason): 'keep' | 'withhold' =>
    isLeftToGateway(reason) ? 'keep' : 'withhold'
  const masked = maskHeaders(headers, { plan, tally, keepsOwn: true, onWithheld })
  if ('withheld' in masked) return masked.withheld
  message.headers = masked.headers
  return undefined
}
