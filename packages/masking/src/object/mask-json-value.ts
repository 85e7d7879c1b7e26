import { createWork } from '../json/work.ts'
import type { MaskPlan } from '../plan/compile-plan.ts'
import { type MaskValueResult, maskedFields, UNCHANGED, withhold } from '../result.ts'
import { walkNode } from './walk-node.ts'
import { WithheldSignal } from './withheld-signal.ts'

/**
 * Masks a JSON value that was parsed already, by the same plan: parsed from a record, it becomes what `maskJsonBytes` makes
 * of the record, parsed.
 *
 * The value given is never changed; what no rule masks is shared with the result. A value that JSON cannot hold is
 * withheld. A number beyond 2^53 was rounded when it was parsed: mask bytes where such numbers matter.
 */
export function maskJsonValue(plan: MaskPlan, value: unknown): MaskValueResult {
  if (plan.isEmpty) return UNCHANGED
  const work = createWork(plan)
  try {
    const shown = walkNode(work, value, plan.root, plan.maxDepth)
    if (Object.is(shown, value)) return UNCHANGED
    return { status: 'masked', value: shown, masked: maskedFields(plan, work.counts) }
  } catch (cause) {
    if (cause instanceof WithheldSignal) return withhold(cause.reason)
    throw cause
  }
}
