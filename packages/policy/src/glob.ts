/** Tells whether a selector is a pattern: `*` stands for any run of characters, dots included, none too. */
export function isGlob(selector: string): boolean {
  return selector.includes('*')
}

/**
 * Matches a name against a pattern in which `*` stands for any run of characters. Everything else is literal.
 *
 * Two pointers, one in each text: the ends are compared, then each run between two stars is looked for from where the
 * one before it ended. No regular expression is built from either text, and nothing is tried twice.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const first = pattern.indexOf('*')
  if (first < 0) return pattern === name
  const last = pattern.lastIndexOf('*')
  const end = name.length - (pattern.length - last - 1)
  if (end < first || !name.startsWith(pattern.slice(0, first)) || !name.endsWith(pattern.slice(last + 1))) return false
  let reached = first
  for (let star = first; star < last; star = pattern.indexOf('*', star + 1)) {
    const run = pattern.slice(star + 1, pattern.indexOf('*', star + 1))
    const found = name.indexOf(run, reached)
    if (found < 0 || found + run.length > end) return false
    reached = found + run.length
  }
  return true
}

/** A pattern cut at its first and its last star. */
export interface GlobParts {
  readonly prefix: string
  readonly suffix: string
  /** What lies between, from the first star to the last; `undefined` when there is one star only. */
  readonly middle: string | undefined
}

/** Cuts a pattern that has at least one `*`, so that an index can find it by its literal ends. */
export function splitGlob(pattern: string): GlobParts {
  const first = pattern.indexOf('*')
  const last = pattern.lastIndexOf('*')
  return {
    prefix: pattern.slice(0, first),
    suffix: pattern.slice(last + 1),
    middle: first === last ? undefined : pattern.slice(first, last + 1),
  }
}

/**
 * Tells whether every name that `narrow` matches is matched by `broad` too.
 *
 * A star of `narrow` stands for a character that `broad` can only take with a star of its own.
 */
export function coversGlob(broad: string, narrow: string): boolean {
  return isGlob(broad) ? matchesGlob(broad, narrow) : broad === narrow
}

/**
 * Tells whether some name may be matched by both selectors: never wrongly no, for two patterns sometimes wrongly yes,
 * for it compares their literal ends only.
 */
export function mayOverlap(a: string, b: string): boolean {
  if (!isGlob(a)) return matchesGlob(b, a)
  if (!isGlob(b)) return matchesGlob(a, b)
  const [left, right] = [splitGlob(a), splitGlob(b)]
  return (
    (left.prefix.startsWith(right.prefix) || right.prefix.startsWith(left.prefix)) &&
    (left.suffix.endsWith(right.suffix) || right.suffix.endsWith(left.suffix))
  )
}
