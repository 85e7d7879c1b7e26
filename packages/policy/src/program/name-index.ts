import { isGlob, matchesGlob, splitGlob } from '../glob.ts'

/** What hangs on one literal name or one pattern. */
export interface NameEntry<T> {
  readonly selector: string
  readonly isLiteral: boolean
  readonly value: T
}

interface Bucket<T> {
  readonly suffixLengths: number[]
  readonly bySuffix: Map<string, (NameEntry<T> & { readonly middle: string | undefined })[]>
}

/**
 * Finds the literals and patterns that match a name in about the same time whether there are 20 or 2,000.
 *
 * Patterns are found by their literal ends: one look-up per distinct length of prefix, then of suffix. The matcher
 * runs for those alone whose both ends fit and which have more than one star.
 */
export class NameIndex<T> {
  readonly #createValue: () => T
  readonly #literals = new Map<string, NameEntry<T>>()
  readonly #patterns = new Map<string, NameEntry<T>>()
  readonly #buckets = new Map<string, Bucket<T>>()
  readonly #prefixLengths: number[] = []

  constructor(createValue: () => T) {
    this.#createValue = createValue
  }

  /** The value that hangs on a selector; made when it is new. */
  at(selector: string): T {
    const entries = isGlob(selector) ? this.#patterns : this.#literals
    const known = entries.get(selector)
    if (known !== undefined) return known.value
    const entry = { selector, isLiteral: entries === this.#literals, value: this.#createValue() }
    entries.set(selector, entry)
    if (!entry.isLiteral) this.#addPattern(entry)
    return entry.value
  }

  /** Every selector with its value. */
  *entries(): Generator<NameEntry<T>> {
    yield* this.#literals.values()
    yield* this.#patterns.values()
  }

  /** Calls `visit` with each entry that matches a name, the literal first. */
  match(name: string, visit: (entry: NameEntry<T>) => void): void {
    const literal = this.#literals.get(name)
    if (literal !== undefined) visit(literal)
    for (const length of this.#prefixLengths) {
      if (length > name.length) break
      const bucket = this.#buckets.get(name.slice(0, length))
      if (bucket !== undefined) matchBucket(bucket, name, length, visit)
    }
  }

  #addPattern(entry: NameEntry<T>): void {
    const { prefix, suffix, middle } = splitGlob(entry.selector)
    const bucket = this.#buckets.get(prefix) ?? { suffixLengths: [], bySuffix: new Map() }
    this.#buckets.set(prefix, bucket)
    insertLength(this.#prefixLengths, prefix.length)
    insertLength(bucket.suffixLengths, suffix.length)
    const list = bucket.bySuffix.get(suffix) ?? []
    bucket.bySuffix.set(suffix, list)
    list.push({ ...entry, middle })
  }
}

function matchBucket<T>(
  bucket: Bucket<T>,
  name: string,
  prefixLength: number,
  visit: (entry: NameEntry<T>) => void,
): void {
  for (const length of bucket.suffixLengths) {
    if (prefixLength + length > name.length) break
    const rest = name.length - length
    const entries = bucket.bySuffix.get(length === 0 ? '' : name.slice(rest))
    if (entries === undefined) continue
    for (const entry of entries) {
      if (entry.middle === undefined || matchesGlob(entry.middle, name.slice(prefixLength, rest))) visit(entry)
    }
  }
}

function insertLength(lengths: number[], length: number): void {
  if (lengths.includes(length)) return
  lengths.push(length)
  lengths.sort((a, b) => a - b)
}
