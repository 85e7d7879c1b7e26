import { isUtf8 } from 'node:buffer'
import type { MaskPlan } from '../plan/compile-plan.ts'
import { type MaskBytesResult, maskedFields, UNCHANGED, withhold } from '../result.ts'
import { failurePosition, failureReason } from './failure.ts'
import type { MaskMemory } from './mask-memory.ts'
import { Output } from './output.ts'
import { padRecord } from './padded.ts'
import { walkDocument } from './walk.ts'
import { createWork } from './work.ts'

// Masking is synchronous and calls nobody back: one output serves all records.
const shared = new Output(Buffer.poolSize)

/**
 * Masks one JSON document as it stands in a record: each byte that no rule masks stays as it is.
 *
 * Takes what `JSON.parse` takes, in valid UTF-8, within the plan's limits; everything else is withheld, and so is what a
 * strategy cannot mask. Nothing is thrown, and neither result nor reason holds anything of the record but its masked
 * form. A record without a value (a tombstone) has nothing to mask and is not given here. The bytes of a result share a
 * piece of memory with others, as those of `Buffer.from` do; those of a result in a memory of one's own hold until that is
 * used again.
 */
export function maskJsonBytes(plan: MaskPlan, bytes: Uint8Array, memory: MaskMemory = shared): MaskBytesResult {
  const output = memory as Output
  if (plan.isEmpty) return UNCHANGED
  const { length } = bytes
  if (length > plan.maxBytes) return withhold('too-large')
  const work = createWork(plan)
  const source = padRecord(bytes)
  output.clear(0)
  const end = walkDocument({ work, bytes: source, end: length, output, level: 0 }, 0)
  // Walking tells a byte that is no UTF-8 from none that is no JSON; which of them it was is told here.
  if (end < 0) return isUtf8(bytes) ? withhold(failureReason(end), failurePosition(end)) : withhold('not-utf8')
  if (!output.isChanged) return UNCHANGED
  return { status: 'masked', bytes: output.finish(source, length), masked: maskedFields(plan, work.counts) }
}
