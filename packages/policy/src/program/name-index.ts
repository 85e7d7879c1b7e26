import { isGlob, matchesGlob, splitGlob } from '../glob.ts'
import { PrefixTrie } from './prefix-trie.ts'

/** What hangs on one literal name or one pattern. */
export interface NameEntry<T> {
  readonly selector: string
  readonly isLiteral: boolean
  readonly value: T
}

interface ConditionalEntry<T> extends NameEntry<T> {
  /** What has to match between prefix and suffix; `undefined` where anything may stand there. */
  readonly middle: string | undefined
}

/** The patterns that begin with the same text up to their first star. */
interface PatternGroup<T> {
  /** The pattern that ends with its only star, where there is one: whatever begins with its text it matches. */
  open: NameEntry<T> | undefined
  /** Patterns that want something of the rest of a name, by their text behind the last star. */
  readonly bySuffix: Map<string, ConditionalEntry<T>[]>
  readonly suffixLengths: number[]
}

/** Where names are found that are one literal, or begin with the same text and with no longer one that a pattern begins with. */
export interface NamePlace<T> {
  readonly number: number
  /** The literal, or the text that names of this place begin with. */
  readonly text: string
  readonly literal: NameEntry<T> | undefined
  /** Patterns that begin with the text. */
  readonly group: PatternGroup<T> | undefined
  /** The place of the longest other text that patterns begin with and this text too. */
  readonly outer: NamePlace<T> | undefined
  /** Whether the same entries match all its names. */
  readonly isUniform: boolean
}

interface Places<T> {
  readonly trie: PrefixTrie
  readonly list: readonly NamePlace<T>[]
}

/**
 * Finds the literals and patterns that match a name in about the same time whether there are 20 or 2,000.
 *
 * One walk finds the place of a name: its literal, else the longest text up to a first star that it begins with. Patterns with
 * more behind that star are found by one look-up for each distinct length of suffix. The matcher runs for those alone whose
 * both ends fit and which have more than one star.
 */
export class NameIndex<T> {
  readonly #createValue: () => T
  readonly #literals = new Map<string, NameEntry<T>>()
  readonly #patterns = new Map<string, NameEntry<T>>()
  readonly #groups = new Map<string, PatternGroup<T>>()
  #places: Places<T> | undefined

  /** @param texts names that begin with one of these have places of their own */
  constructor(createValue: () => T, texts: readonly string[] = []) {
    this.#createValue = createValue
    for (const text of ['', ...texts]) this.#groupOf(text)
  }

  /** The value that hangs on a selector; made when it is new. */
  at(selector: string): T {
    const entries = isGlob(selector) ? this.#patterns : this.#literals
    const known = entries.get(selector)
    if (known !== undefined) return known.value
    const entry = { selector, isLiteral: entries === this.#literals, value: this.#createValue() }
    entries.set(selector, entry)
    if (!entry.isLiteral) this.#addPattern(entry)
    this.#places = undefined
    return entry.value
  }

  /** Every selector with its value. */
  *entries(): Generator<NameEntry<T>> {
    yield* this.#literals.values()
    yield* this.#patterns.values()
  }

  /** The number of a name's place. */
  placeOf(name: string): number {
    return (this.#places ?? this.#layOut()).trie.find(name)
  }

  /** Every place, at its number; each after those that are outside it. */
  get places(): readonly NamePlace<T>[] {
    return (this.#places ?? this.#layOut()).list
  }

  /** Calls `visit` with each entry that matches a name of the place, the literal first. */
  match(place: NamePlace<T>, name: string, visit: (entry: NameEntry<T>) => void): void {
    if (place.literal !== undefined) visit(place.literal)
    for (let each: NamePlace<T> | undefined = place; each !== undefined; each = each.outer) {
      const { group, text } = each
      if (group?.open !== undefined) visit(group.open)
      if (group !== undefined && group.suffixLengths.length > 0) matchRest(group, name, text.length, visit)
    }
  }

  #layOut(): Places<T> {
    const prefixes = new Map([...this.#groups.keys()].sort().map((text, number) => [text, number]))
    const wholes = new Map([...this.#literals.keys()].map((text, nth) => [text, prefixes.size + nth]))
    const trie = new PrefixTrie({ prefixes, wholes })
    const list: NamePlace<T>[] = []
    for (const [text, number] of [...prefixes, ...wholes]) {
      const group = number < prefixes.size ? this.#groups.get(text) : undefined
      const literal = group === undefined ? this.#literals.get(text) : undefined
      const outer = list[trie.outerOf(number)]
      const isUniform = literal !== undefined || (group?.suffixLengths.length === 0 && outer?.isUniform !== false)
      list.push({ number, text, literal, group, outer, isUniform })
    }
    this.#places = { trie, list }
    return this.#places
  }

  #groupOf(prefix: string): PatternGroup<T> {
    const known = this.#groups.get(prefix)
    if (known !== undefined) return known
    const group: PatternGroup<T> = { open: undefined, bySuffix: new Map(), suffixLengths: [] }
    this.#groups.set(prefix, group)
    return group
  }

  #addPattern(entry: NameEntry<T>): void {
    const { prefix, suffix, middle } = splitGlob(entry.selector)
    const group = this.#groupOf(prefix)
    if (suffix === '' && middle === undefined) {
      group.open = entry
      return
    }
    const { suffixLengths, bySuffix } = group
    if (!suffixLengths.includes(suffix.length)) suffixLengths.push(suffix.length)
    suffixLengths.sort((a, b) => a - b)
    const list = bySuffix.get(suffix) ?? []
    bySuffix.set(suffix, list)
    list.push({ ...entry, middle })
  }
}

function matchRest<T>(
  { suffixLengths, bySuffix }: PatternGroup<T>,
  name: string,
  prefixLength: number,
  visit: (entry: NameEntry<T>) => void,
): void {
  for (const length of suffixLengths) {
    if (prefixLength + length > name.length) break
    const rest = name.length - length
    const entries = bySuffix.get(length === 0 ? '' : name.slice(rest))
    if (entries === undefined) continue
    for (const entry of entries) {
      if (entry.middle === undefined || matchesGlob(entry.middle, name.slice(prefixLength, rest))) visit(entry)
    }
  }
}
