import { compileRecordPlan, type RecordPlan } from '@headgate/masking'
import type { Decision, MaskObligation } from '@headgate/policy'

/** How the records of a topic are masked in one direction. */
export interface TopicMask {
  /** Nothing where none could be made: then every record is withheld. */
  readonly plan: RecordPlan | undefined
  /** Whether a placeholder stands for what is withheld. */
  readonly showsPlaceholder: boolean
}

/** Makes an obligation ready once; equal obligations are one object. */
export class TopicMasks {
  readonly #known = new WeakMap<MaskObligation, TopicMask>()

  /** The mask that a decision obliges to; nothing where it obliges to none. */
  of(decision: Decision | undefined): TopicMask | undefined {
    const obligation = decision?.obligations?.mask
    if (obligation === undefined) return undefined
    const known = this.#known.get(obligation)
    if (known !== undefined) return known
    const mask = { plan: compile(obligation), showsPlaceholder: obligation.onUnreadable === 'placeholder' }
    this.#known.set(obligation, mask)
    return mask
  }
}

// INVARIANT: no keys for tokens. The gateway has them; here a token passes by its form, and clear text does not.
function compile(obligation: MaskObligation): RecordPlan | undefined {
  try {
    return compileRecordPlan(obligation)
  } catch {
    // The policy was checked before it was signed, so that this is a fault; nothing is seen because of it.
    return undefined
  }
}
