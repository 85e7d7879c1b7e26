const STAR = 42

/** Tells whether a selector is a pattern: `*` stands for any run of characters, dots included, none too. */
export function isGlob(selector: string): boolean {
  return selector.includes('*')
}

/**
 * Matches a name against a pattern in which `*` stands for any run of characters. Everything else is literal.
 *
 * Two pointers and one place to go back to: no regular expression is built, and the work is bounded by the product of
 * the two lengths.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  let p = 0
  let n = 0
  let starAt = -1
  let resumeAt = 0
  while (n < name.length) {
    const code = p < pattern.length ? pattern.charCodeAt(p) : -1
    if (code === STAR) {
      starAt = p++
      resumeAt = n
    } else if (code === name.charCodeAt(n)) {
      p++
      n++
    } else if (starAt >= 0) {
      p = starAt + 1
      n = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern.charCodeAt(p) === STAR) p++
  return p === pattern.length
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
