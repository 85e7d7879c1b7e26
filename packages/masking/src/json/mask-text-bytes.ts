import { isUtf8 } from 'node:buffer'
import type { MaskPlan } from '../plan/compile-plan.ts'
import { type MaskBytesResult, maskedFields, UNCHANGED, withhold } from '../result.ts'
import { maskFreeText } from './free-text.ts'
import { maskNestedText } from './walk.ts'
import { countChange, createWork } from './work.ts'

/**
 * Masks a text that is no JSON document, such as the value of a header, as a text in a document would be.
 *
 * A plan that masks fields expects a document: such a text is hidden whole. What would become null is hidden whole too:
 * a value never turns into a tombstone. A list of what is kept has nothing to keep in a text, which is withheld. Otherwise as `maskJsonBytes`.
 */
export function maskTextBytes(plan: MaskPlan, bytes: Uint8Array): MaskBytesResult {
  if (plan.isEmpty || bytes.length === 0) return UNCHANGED
  if (plan.isKeepList) return withhold('no-format')
  if (bytes.length > plan.maxBytes) return withhold('too-large')
  if (!isUtf8(bytes)) return withhold('not-utf8')
  const work = createWork(plan)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const { drift } = plan.root
  const shown = drift === undefined ? maskFreeText(work, text, 0, maskNestedText) : ''
  if (shown === undefined) return withhold('token-key-missing')
  if (shown === text) return UNCHANGED
  if (drift !== undefined) countChange(work, drift.target)
  return { status: 'masked', bytes: Buffer.from(shown ?? ''), masked: maskedFields(plan, work.counts) }
}
