import {
  maskRecordKey,
  maskRecordValue,
  placeholderReason,
  placeholderValue,
  type RecordPlan,
  type RecordWithheldReason,
  WITHHELD_HEADER,
} from '@headgate/masking'
import type { KafkaMessage } from '#kafkajs'
import { isOwnHeader, maskHeaders } from './mask-headers.ts'
import type { MaskTally } from './mask-tally.ts'
import type { TopicMask } from './topic-mask.ts'

/** A part that may be seen, or why its record may not. */
type PartResult<T> = { readonly part: T } | { readonly withheld: RecordWithheldReason }

/**
 * Masks a received record as the gateway does; what the gateway masked stays as it is.
 *
 * The given record and its bytes are never changed. Gives nothing where the record is withheld and nothing stands for it.
 */
export function maskIncoming(mask: TopicMask, message: KafkaMessage, tally: MaskTally): KafkaMessage | undefined {
  const { plan, showsPlaceholder } = mask
  const result = plan === undefined ? { withheld: 'mask-invalid' as const } : maskParts(plan, message, tally)
  let shown: KafkaMessage | undefined
  if ('part' in result) shown = result.part
  else {
    tally.withhold(result.withheld)
    if (showsPlaceholder) shown = createPlaceholder(plan, message, result.withheld, tally)
  }
  tally.keep()
  return shown
}

function maskParts(plan: RecordPlan, message: KafkaMessage, tally: MaskTally): PartResult<KafkaMessage> {
  const key = maskKey(plan, message.key, tally)
  if (readPlaceholder(message) !== undefined) return { part: { ...message, key: 'part' in key ? key.part : null } }
  if ('withheld' in key) return key
  const value = maskValue(plan, message.value, tally)
  if ('withheld' in value) return value
  const base = { ...message, key: key.part, value: value.part }
  if (message.headers === undefined) return { part: base as KafkaMessage }
  const headers = maskHeaders(message.headers, { plan, tally, keepsOwn: false, onWithheld: () => 'withhold' })
  return 'withheld' in headers ? headers : { part: { ...base, headers: headers.headers } as KafkaMessage }
}

function maskKey(plan: RecordPlan, key: Buffer | null, tally: MaskTally): PartResult<Buffer | null> {
  if (key === null) return { part: null }
  const result = maskRecordKey(plan, key)
  if (result.status === 'unchanged') return { part: key }
  if (result.status === 'withheld') return { withheld: result.reason }
  tally.addMasked(result.masked)
  return { part: result.status === 'removed' ? null : result.bytes }
}

function maskValue(plan: RecordPlan, value: Buffer | null, tally: MaskTally): PartResult<Buffer | null> {
  // A tombstone stays one.
  if (value === null) return { part: null }
  const result = maskRecordValue(plan, value)
  if (result.status === 'unchanged') return { part: value }
  if (result.status === 'withheld') return { withheld: result.reason }
  tally.addMasked(result.masked)
  return { part: result.bytes }
}

/** Why a record was withheld, where the given one is the placeholder that stands for it. */
export function readPlaceholder({ value, headers = {} }: KafkaMessage): RecordWithheldReason | undefined {
  const [name, ...others] = Object.keys(headers)
  if (value === null || name === undefined || others.length > 0 || !isOwnHeader(name)) return undefined
  const header = headers[name]
  return Buffer.isBuffer(header) ? placeholderReason(value, header) : undefined
}

/** What stands for a withheld record: its key as far as it may be seen, a value that says why, and one header that does. */
function createPlaceholder(
  plan: RecordPlan | undefined,
  message: KafkaMessage,
  reason: RecordWithheldReason,
  tally: MaskTally,
): KafkaMessage {
  const key = plan === undefined ? undefined : maskKey(plan, message.key, tally)
  const { timestamp, attributes, offset } = message
  return {
    key: key !== undefined && 'part' in key ? key.part : null,
    value: placeholderValue(reason),
    headers: { [WITHHELD_HEADER]: Buffer.from(reason) },
    timestamp,
    attributes,
    offset,
  }
}
