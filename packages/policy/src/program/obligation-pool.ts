import type { KeepList } from '@headgate/masking'
import { canonicalJson } from '../canonical.ts'
import type { AccessDirection, UnmaskRight } from '../document/protection.ts'
import type { ApprovalObligation, Obligations } from './decision.ts'
import { internMask } from './mask-registry.ts'
import type { ResidualProtection } from './residual.ts'
import { isLiftedWhole, uniteMasks, type ValueRules } from './unite-masks.ts'

/** A protection of a program. */
export interface Protection {
  /** The number of what it asks for: protections of one number differ in nothing but their topics. */
  readonly duty: number
  readonly residual: ResidualProtection
}

/** The protections of a name, one of each duty: one object for all names with the same duties, as long as the pool remembers it. */
export interface ProtectionSet {
  readonly protections: readonly Protection[]
  /** Their duties: what the set is known by. */
  readonly duties: string
  /** What they oblige to by direction, where nothing is lifted and as far as it has been worked out. */
  readonly full: Map<string, Obligations | undefined>
}

/** What a name has under no protection. */
export const noProtections: ProtectionSet = Object.freeze({
  protections: Object.freeze([]),
  duties: '',
  full: new Map(),
})

/** What the grants that apply make of what protections ask for. */
export interface LiftedDuties {
  readonly unmask: UnmaskRight | undefined
  readonly withoutApproval: boolean
  /** All that the grants show of a record; `undefined` = everything. */
  readonly only: KeepList | undefined
}

const MAX_POOLED = 4096

/**
 * Works out what protections oblige to. Equal obligations of a program are one frozen object for as long as it remembers
 * them; equal masks are one whatever program they are of, so that what is made of them can hang on them.
 */
export class ObligationPool {
  readonly #sets = new Map<string, ProtectionSet>()
  readonly #texts = new WeakMap<object, string>()
  readonly #lifted = new Map<string, Obligations | undefined>()
  readonly #liftedWhole = new Map<string, boolean>()
  readonly #obligations = new Map<string, Obligations>()
  readonly #approvals = new WeakMap<Protection, ApprovalObligation>()

  /** The set of these protections. */
  setOf(protections: readonly Protection[]): ProtectionSet {
    if (protections.length === 0) return noProtections
    const byDuty = new Map(protections.map((protection) => [protection.duty, protection]))
    const duties = [...byDuty.keys()].sort((a, b) => a - b).join()
    const known = this.#sets.get(duties)
    if (known !== undefined) return known
    const set = { protections: [...byDuty.values()], duties, full: new Map() }
    if (this.#sets.size >= MAX_POOLED) this.#sets.clear()
    this.#sets.set(duties, set)
    return set
  }

  /** The obligations of protections in a direction; `undefined` where they ask for nothing. */
  obligationsOf(set: ProtectionSet, direction: AccessDirection, lifted: LiftedDuties): Obligations | undefined {
    const { unmask, withoutApproval, only } = lifted
    const isFull = unmask === undefined && !withoutApproval && only === undefined
    const known = isFull ? set.full : this.#lifted
    const key = isFull
      ? direction
      : `${direction} ${set.duties} ${withoutApproval} ${this.#textOf(unmask)} ${this.#textOf(only)}`
    const obligations = known.get(key)
    if (obligations !== undefined || known.has(key)) return obligations
    const found = this.#workOut(set.protections, direction, lifted)
    if (known.size >= MAX_POOLED) known.clear()
    known.set(key, found)
    return found
  }

  /** Equal where what is said is equal. */
  #textOf(said: UnmaskRight | KeepList | undefined): string {
    if (said === undefined) return ''
    const known = this.#texts.get(said)
    if (known !== undefined) return known
    const text = canonicalJson(said)
    this.#texts.set(said, text)
    return text
  }

  #workOut(
    protections: readonly Protection[],
    direction: AccessDirection,
    { unmask, withoutApproval, only }: LiftedDuties,
  ): Obligations | undefined {
    const residuals = protections.map(({ residual }) => residual)
    const united = uniteMasks(residuals, direction, { unmask, only }, (rules) => this.#isLiftedWhole(rules))
    const mask = united === undefined ? undefined : internMask(united)
    const audit = residuals.some((each) => each.audit === 'required') ? 'required' : 'standard'
    const asking = protections.filter(({ residual: { approval } }) => approval?.on.includes(direction))
    const approvals = withoutApproval ? [] : asking.flatMap((each) => this.#approvalOf(each) ?? [])
    if (mask === undefined && audit === 'standard' && approvals.length === 0) return undefined
    return this.#intern({ mask, audit, approvals: sortedById(approvals) })
  }

  /** Topics with different protections often have equal rules for values, and a plan costs far more than a look-up. */
  #isLiftedWhole(rules: ValueRules): boolean {
    const key = canonicalJson(rules)
    const known = this.#liftedWhole.get(key)
    if (known !== undefined) return known
    const found = isLiftedWhole(rules)
    if (this.#liftedWhole.size >= MAX_POOLED) this.#liftedWhole.clear()
    this.#liftedWhole.set(key, found)
    return found
  }

  #intern({ mask, audit, approvals }: Obligations): Obligations {
    const key = canonicalJson([mask?.digest ?? '', audit, approvals])
    const known = this.#obligations.get(key)
    if (known !== undefined && known.mask === mask) return known
    if (this.#obligations.size >= MAX_POOLED) this.#obligations.clear()
    const obligations = Object.freeze({ mask, audit, approvals: Object.freeze(approvals) })
    this.#obligations.set(key, obligations)
    return obligations
  }

  #approvalOf(protection: Protection): ApprovalObligation | undefined {
    const { approval } = protection.residual
    if (approval === undefined) return undefined
    const known = this.#approvals.get(protection)
    if (known !== undefined) return known
    const { protection: id, by, issuers, people, reason, forMs, decideWithinMs } = approval
    const obligation = Object.freeze({
      protection: id,
      by: Object.freeze([...by]),
      ...(issuers === undefined ? {} : { issuers: Object.freeze([...issuers]) }),
      people,
      reason,
      forMs,
      decideWithinMs,
    })
    this.#approvals.set(protection, obligation)
    return obligation
  }
}

function sortedById(approvals: readonly ApprovalObligation[]): readonly ApprovalObligation[] {
  return approvals.toSorted((a, b) => (a.protection < b.protection ? -1 : a.protection > b.protection ? 1 : 0))
}
