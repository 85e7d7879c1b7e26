import type { KeepList, MaskRule, MaskStrategy, Unmask } from '@headgate/masking'

/** What a decision comes to. `hold` waits for an approval. */
export type Effect = 'allow' | 'deny' | 'hold'

/**
 * Why a decision came out as it did. The list is closed; reference documentation explains each.
 *
 * - `granted`: a rule grants it and none denies it.
 * - `denied-by-rule`: a rule denies it.
 * - `approval-needed`: a rule grants it, and a protection wants an approval first.
 * - `groups-unknown`: the principal's groups are unknown, so that a denial applies or a grant may be missing.
 * - `partition-not-granted`: a rule grants it for other partitions only.
 * - `internal-topic`: the topic starts with `__` and no rule names it in full.
 * - `no-rule`: no rule of this principal grants it.
 * - `name-too-long`: the name is longer than any that is considered.
 * - `no-bundle`: there is no verified bundle yet.
 * - `bundle-expired`: the bundle has expired.
 * - `not-enforced`: the mode of the resource lets it pass; `wouldBe` says what the policy says.
 * - `unexpected`: deciding failed, which denies.
 */
export type DecisionReason =
  | 'granted'
  | 'approval-needed'
  | 'denied-by-rule'
  | 'groups-unknown'
  | 'partition-not-granted'
  | 'internal-topic'
  | 'no-rule'
  | 'name-too-long'
  | 'no-bundle'
  | 'bundle-expired'
  | 'not-enforced'
  | 'unexpected'

/** A header that is masked, by its name. */
export interface HeaderMask {
  readonly name: string
  readonly with: MaskStrategy
}

/** How records must be masked. Plain, frozen data; equal ones are one object, whatever program they are of, while one is held. */
export interface MaskObligation {
  /** SHA-256 over everything else: equal digests mask alike. */
  readonly digest: string
  /** How values are read. Where protections declare none, or two different ones, they are `opaque`: what must be masked in them is withheld. */
  readonly format: 'json' | 'text' | 'opaque'
  /** What stands in the place of a record that cannot be masked: nothing, or a placeholder that says so. */
  readonly onUnreadable: 'withhold' | 'placeholder'
  /** Rules for values; those with `detect` look into the values of headers too. */
  readonly value: readonly MaskRule[]
  /** Headers whose values are masked whole. */
  readonly headers: readonly HeaderMask[]
  /** How keys are masked whole, where they are. */
  readonly key: MaskStrategy | undefined
  /** What is lifted from `value` for this principal. */
  readonly unmask: Unmask
  /** All that grants show of a record, on reading; absent where one of them shows everything. */
  readonly only?: KeepList
}

/** An approval that a protection asks for. Plain data. */
export interface ApprovalObligation {
  /** The id of the protection. */
  readonly protection: string
  /** Groups whose members may approve. */
  readonly by: readonly string[]
  /** Issuers whose members of these groups count; absent means every one that may assert them. */
  readonly issuers?: readonly string[]
  /** How many distinct people have to. */
  readonly people: number
  readonly reason: 'required' | 'optional'
  /** The longest that access lasts once approved. */
  readonly forMs: number
  /** How long an ask waits for a decision. */
  readonly decideWithinMs: number
}

/** What must be done to what a decision lets pass, or must have happened before it lets pass. */
export interface Obligations {
  readonly mask: MaskObligation | undefined
  /** Whether the access must be on record before it takes effect. */
  readonly audit: 'standard' | 'required'
  /** The approvals that must be live, all of them. Empty unless the effect is `hold`. */
  readonly approvals: readonly ApprovalObligation[]
}

/** The answer to one request. Frozen; equal decisions of one program are one object as long as it remembers them. */
export interface Decision {
  readonly effect: Effect
  readonly reason: DecisionReason
  /** The rules that brought it about, sorted; empty where the lack of one did. */
  readonly ruleIds: readonly string[]
  readonly obligations: Obligations | undefined
  /** When the decision has to be taken again at the latest; `undefined` = as long as the program is in force. */
  readonly validUntilUnixMs: number | undefined
  /** The denial, or the hold, that the mode of the resource keeps from taking effect; absent where there is none. */
  readonly wouldBe?: Decision
}

const noRuleIds: readonly string[] = Object.freeze([])

/** Makes a frozen decision. */
export function createDecision(
  effect: Effect,
  reason: DecisionReason,
  ruleIds: readonly string[] = noRuleIds,
  obligations?: Obligations,
): Decision {
  return Object.freeze({
    effect,
    reason,
    ruleIds: Object.freeze(ruleIds),
    obligations,
    validUntilUnixMs: undefined,
  })
}

const MAX_POOLED = 4096

/** Gives equal decisions one identity. It forgets when it is full, for the caller's names are chosen by clients. */
export class DecisionPool {
  // By what tells their effect and their reason: what is allowed or held under obligations is so for one reason.
  readonly #pooled = new Map<Obligations | DecisionReason, Map<string, Decision>>()
  #size = 0

  /** The decision with these parts; `ruleIds` must be sorted, and `obligations` be one object where they are equal. */
  intern(effect: Effect, reason: DecisionReason, ruleIds: readonly string[], obligations?: Obligations): Decision {
    // Rule ids have no white space.
    const ids = ruleIds.length === 1 ? (ruleIds[0] as string) : ruleIds.join(' ')
    const known = this.#pooled.get(obligations ?? reason)?.get(ids)
    if (known !== undefined) return known
    if (this.#size >= MAX_POOLED) {
      this.#pooled.clear()
      this.#size = 0
    }
    const decision = createDecision(effect, reason, ruleIds, obligations)
    const decisions = this.#pooled.get(obligations ?? reason) ?? new Map<string, Decision>()
    this.#pooled.set(obligations ?? reason, decisions.set(ids, decision))
    this.#size += 1
    return decision
  }
}
