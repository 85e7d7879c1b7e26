import { compareCodeUnits } from './canonical.ts'
import { isGlob, matchesGlob, mayOverlap, splitGlob } from './glob.ts'

/** Finds whether some of many selectors may match a name that another one matches, without trying each. */
export class SelectorIndex {
  readonly #literals: readonly string[]
  readonly #globsByPrefix = new Map<string, string[]>()
  /** The distinct prefixes of patterns, sorted, and their lengths. */
  readonly #prefixes: readonly string[]
  readonly #lengths: readonly number[]

  constructor(selectors: readonly string[]) {
    this.#literals = selectors.filter((each) => !isGlob(each)).sort(compareCodeUnits)
    for (const glob of selectors.filter(isGlob)) {
      const { prefix } = splitGlob(glob)
      const known = this.#globsByPrefix.get(prefix)
      if (known === undefined) this.#globsByPrefix.set(prefix, [glob])
      else known.push(glob)
    }
    this.#prefixes = [...this.#globsByPrefix.keys()].sort(compareCodeUnits)
    this.#lengths = [...new Set(this.#prefixes.map(({ length }) => length))]
  }

  /** Whether a literal of the index is matched by the selector. */
  hasLiteralIn(selector: string): boolean {
    const { prefix } = isGlob(selector) ? splitGlob(selector) : { prefix: selector }
    return someFrom(this.#literals, prefix, (literal) => matchesGlob(selector, literal))
  }

  /** Whether a pattern of the index may match what the selector matches. It may say yes too often, never no. */
  hasGlobAcross(selector: string): boolean {
    const { prefix } = isGlob(selector) ? splitGlob(selector) : { prefix: selector }
    const isAcross = (of: string): boolean =>
      this.#globsByPrefix.get(of)?.some((glob) => mayOverlap(glob, selector)) === true
    // Of two prefixes of one name, one begins with the other.
    if (this.#lengths.some((length) => length < prefix.length && isAcross(prefix.slice(0, length)))) return true
    return isGlob(selector) ? someFrom(this.#prefixes, prefix, isAcross) : isAcross(prefix)
  }
}

/** Tries those of sorted texts that begin with a prefix. */
function someFrom(sorted: readonly string[], prefix: string, test: (text: string) => boolean): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) < prefix) low = middle + 1
    else high = middle
  }
  for (let at = low; at < sorted.length; at += 1) {
    const text = sorted[at] as string
    if (!text.startsWith(prefix)) return false
    if (test(text)) return true
  }
  return false
}
