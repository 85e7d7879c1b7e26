/** What a decision comes to. `hold` waits for an approval. */
export type Effect = 'allow' | 'deny' | 'hold'

/**
 * Why a decision came out as it did. The list is closed; reference documentation explains each.
 *
 * - `granted`: a rule grants it and none denies it.
 * - `denied-by-rule`: a rule denies it.
 * - `groups-unknown`: the principal's groups are unknown, so that a denial applies or a grant may be missing.
 * - `partition-not-granted`: a rule grants it for other partitions only.
 * - `internal-topic`: the topic starts with `__` and no rule names it in full.
 * - `no-rule`: no rule of this principal grants it.
 * - `name-too-long`: the name is longer than any that is considered.
 * - `no-bundle`: there is no verified bundle yet.
 * - `bundle-expired`: the bundle has expired.
 * - `unexpected`: deciding failed, which denies.
 */
export type DecisionReason =
  | 'granted'
  | 'denied-by-rule'
  | 'groups-unknown'
  | 'partition-not-granted'
  | 'internal-topic'
  | 'no-rule'
  | 'name-too-long'
  | 'no-bundle'
  | 'bundle-expired'
  | 'unexpected'

/** What must be done to what a decision lets pass. Policies of this version put nothing here. */
export interface Obligations {
  /** Selectors of the fields to mask. */
  readonly mask: readonly string[]
  /** Whether the access must be on record before it takes effect. */
  readonly audit: 'standard' | 'required'
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
}

const noRuleIds: readonly string[] = Object.freeze([])

/** Makes a frozen decision. */
export function createDecision(
  effect: Effect,
  reason: DecisionReason,
  ruleIds: readonly string[] = noRuleIds,
): Decision {
  return Object.freeze({
    effect,
    reason,
    ruleIds: Object.freeze(ruleIds),
    obligations: undefined,
    validUntilUnixMs: undefined,
  })
}

const MAX_POOLED = 4096

/** Gives equal decisions one identity. It forgets when it is full, for the caller's names are chosen by clients. */
export class DecisionPool {
  readonly #decisions = new Map<string, Decision>()

  /** The decision with these parts; `ruleIds` must be sorted. */
  intern(effect: Effect, reason: DecisionReason, ruleIds: readonly string[]): Decision {
    // Rule ids have no white space.
    const key = `${effect} ${reason} ${ruleIds.join(' ')}`
    const known = this.#decisions.get(key)
    if (known !== undefined) return known
    if (this.#decisions.size >= MAX_POOLED) this.#decisions.clear()
    const decision = createDecision(effect, reason, ruleIds)
    this.#decisions.set(key, decision)
    return decision
  }
}
