import type { MaskedField, RecordWithheldReason } from '@headgate/masking'
import type { KafkaMessage } from '#kafkajs'
import { readPlaceholder } from './mask-incoming.ts'
import type { MaskTally } from './mask-tally.ts'
import type { TopicMask } from './topic-mask.ts'

/** What is known of the masks of one record that a handler was given. Names and numbers, never anything of the record. */
export interface MaskedRecord {
  /**
   * What the policy masks in the records of this topic, by its own names. Of each of these the record had nothing, or it was
   * masked before the handler saw it, by the gateway or here.
   */
  readonly byPolicy: readonly string[]
  /** What was masked here, because the gateway had left it as it was: empty as long as the gateway knows the same policy. */
  readonly here: readonly MaskedField[]
  /** Why the record could not be masked, where this is the placeholder that stands for it, of the gateway or of this client. */
  readonly withheld?: RecordWithheldReason
  /** The policy that the client masked by. */
  readonly policyRevision: number
}

const known = new WeakMap<KafkaMessage, MaskedRecord>()

/** Remembers, of a record that a handler is about to see, what was masked in the one that the tally kept last. */
export function remember(
  message: KafkaMessage,
  { names: byPolicy }: TopicMask,
  { kept: here }: MaskTally,
  policyRevision: number,
): KafkaMessage {
  const withheld = readPlaceholder(message)
  known.set(message, Object.freeze({ byPolicy, here, policyRevision, ...(withheld !== undefined && { withheld }) }))
  return message
}

/**
 * Tells what of a record is masked; nothing where the policy masks nothing of its topic for this service.
 *
 * It knows the very object that a handler was given, changed or not, and no copy of it. What the gateway has masked leaves no mark
 * in a record, so that the client tells what the policy masks there, and exactly only what it had to mask itself.
 *
 * @example
 * ```ts
 * import { type EachMessagePayload, masked } from '@headgate/kafkajs'
 *
 * async function eachMessage({ message }: EachMessagePayload): Promise<void> {
 *   if (masked(message)?.byPolicy.includes('customer/ssn')) console.log('not for matching')
 * }
 * ```
 */
export function masked(message: KafkaMessage): MaskedRecord | undefined {
  return known.get(message)
}
