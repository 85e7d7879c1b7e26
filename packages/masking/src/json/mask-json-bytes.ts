import { isUtf8 } from 'node:buffer'
import type { MaskPlan } from '../plan/compile-plan.ts'
import { type MaskBytesResult, maskedFields, UNCHANGED, withhold } from '../result.ts'
import { failurePosition, failureReason } from './failure.ts'
import { Output } from './output.ts'
import { padRecord } from './padded.ts'
import { walkDocument } from './walk.ts'
import { createWork } from './work.ts'

// Masking is synchronous and calls nobody back: one output serves all records.
const output = new Output(64 * 1024)

/**
 * Masks one JSON document as it stands in a record: each byte that no rule masks stays as it is.
 *
 * Takes what `JSON.parse` takes, in valid UTF-8, within the plan's limits; everything else is withheld, and so is what a
 * strategy cannot mask. Nothing is thrown, and neither result nor reason holds anything of the record but its masked
 * form. A record without a value (a tombstone) has nothing to mask and is not given here.
 */
export function maskJsonBytes(plan: MaskPlan, bytes: Uint8Array): MaskBytesResult {
  if (plan.isEmpty) return UNCHANGED
  if (bytes.length > plan.maxBytes) return withhold('too-large')
  if (!isUtf8(bytes)) return withhold('not-utf8')
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const work = createWork(plan)
  output.clear()
  const end = walkDocument({ work, bytes: padRecord(buffer), end: buffer.length, output, level: 0 })
  if (end < 0) return withhold(failureReason(end), failurePosition(end))
  if (!output.isChanged) return UNCHANGED
  return { status: 'masked', bytes: output.finish(buffer, buffer.length), masked: maskedFields(plan, work.counts) }
}
