import type { MaskPlan } from '../plan/compile-plan.ts'

/** How deep JSON in a text of JSON in a text is read. */
export const MAX_NESTED_TEXTS = 3

/** What one record's masking shares. */
export interface Work {
  readonly plan: MaskPlan
  /** Changes by target. */
  readonly counts: number[]
}

/** Begins with a record. */
export function createWork(plan: MaskPlan): Work {
  return { plan, counts: plan.zeros.slice() }
}

/** Counts a change of a target. */
export function countChange({ counts }: Work, target: number): void {
  counts[target] = (counts[target] as number) + 1
}
