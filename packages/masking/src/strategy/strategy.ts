/** What becomes of a value. JSON can hold it; each keeps the type of the value where it can. */
export type MaskStrategy =
  /** The member goes. Where there is none to remove (an array's element, a detector's find), as `default`. */
  | { readonly type: 'remove' }
  | { readonly type: 'null' }
  /** `""`, `0`, `false`, `[]` or `{}`. */
  | { readonly type: 'default' }
  /** This value, in place of one of its own type; others get their type's default. */
  | { readonly type: 'constant'; readonly value: string | number | boolean }
  /** The first characters of a text stay; one with fewer than twice as many is hidden whole. A number becomes 0. */
  | { readonly type: 'keep-first'; readonly count: number }
  /** The last characters of a text stay, likewise. */
  | { readonly type: 'keep-last'; readonly count: number }
  /** `ada@example.com` becomes `a***@example.com`; what is no address becomes `***`. */
  | { readonly type: 'email' }
  /** A keyed token: the same value under the same label gives the same one. Made by whoever holds the keys alone. */
  | { readonly type: 'token'; readonly label: string }

/** The most characters that `keep-first` and `keep-last` leave. */
export const MAX_KEPT_CHARACTERS = 64

/**
 * Orders strategies by what they leave to see: of two that meet on one value, the one with the higher rank is applied.
 */
export function strategyRank(strategy: MaskStrategy): number {
  if (strategy.type === 'keep-first' || strategy.type === 'keep-last') return MAX_KEPT_CHARACTERS - strategy.count
  return RANKS[strategy.type]
}

/** Of two strategies that meet on one value, the one that leaves less to see; of equals the first. */
export function strongerStrategy(left: MaskStrategy, right: MaskStrategy): MaskStrategy {
  return strategyRank(right) > strategyRank(left) ? right : left
}

const RANKS = { remove: 600, null: 500, default: 400, constant: 300, token: 200, email: 100 } as const
