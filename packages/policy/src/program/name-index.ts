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
  hasMiddles: boolean
}

// What of a name decides which entries match it, once its place is known.
const NOTHING = 0
const ITS_END = 1
const ALL_OF_IT = 2

/** Where names are found that are one literal, or begin with the same text and with no longer one that a pattern begins with. */
export interface NamePlace<T> {
  /** The literal, or the text that the names begin with. */
  readonly text: string
  readonly literal: NameEntry<T> | undefined
  /** Patterns that begin with the text. */
  readonly group: PatternGroup<T> | undefined
  /** The place of the longest other text that patterns begin with and this text too. */
  readonly outer: NamePlace<T> | undefined
  readonly turnsOn: number
}

/** The spot of names that have nothing in common but their entries, if that. */
export const NO_SPOT = -1
/** The end of names that end with no text that a pattern ends with. */
const NO_END = 0

/** What is made of all selectors together, when a name is first looked for. */
interface Layout<T> {
  readonly places: readonly NamePlace<T>[]
  readonly byStart: PrefixTrie
  readonly byEnd: PrefixTrie
  readonly ends: readonly string[]
  // Of places and of ends by their numbers.
  readonly turnsOn: Uint8Array
  readonly startLengths: Int32Array
  readonly endLengths: Int32Array
}

/**
 * Finds the literals and patterns that match a name in about the same time whether there are 20 or 2,000.
 *
 * One walk finds the place of a name: its literal, else the longest text up to a first star that it begins with. Where patterns
 * of the place have more behind that star, one walk from the end finds the longest text behind a last star that it ends with.
 * The same entries match all names of a place, or of a place and an end, but for patterns with more than one star: those alone
 * are matched name by name.
 */
export class NameIndex<T> {
  readonly #createValue: () => T
  readonly #literals = new Map<string, NameEntry<T>>()
  readonly #patterns = new Map<string, NameEntry<T>>()
  readonly #groups = new Map<string, PatternGroup<T>>()
  #laidOut: Layout<T> | undefined

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
    this.#laidOut = undefined
    return entry.value
  }

  /** Every selector with its value. */
  *entries(): Generator<NameEntry<T>> {
    yield* this.#literals.values()
    yield* this.#patterns.values()
  }

  /**
   * A number of a name that other names have only where the same entries match them, or {@link NO_SPOT}. Where nothing but its
   * place matters, or the place in want of an end, it is the place's number.
   */
  spotOf(name: string): number {
    const layout = this.#layout
    const place = layout.byStart.find(name)
    return layout.turnsOn[place] === NOTHING ? place : this.#spotByEnd(place, name)
  }

  #spotByEnd(place: number, name: string): number {
    const { byEnd, turnsOn, startLengths, endLengths } = this.#layout
    if (turnsOn[place] === ALL_OF_IT) return NO_SPOT
    const end = byEnd.find(name)
    if (end === NO_END) return place
    // In a shorter name the start and the end of a pattern would overlap.
    const isLong = name.length >= (startLengths[place] as number) + (endLengths[end] as number)
    return isLong ? end * turnsOn.length + place : NO_SPOT
  }

  /** Every place, at its number. */
  get places(): readonly NamePlace<T>[] {
    return this.#layout.places
  }

  /** The entries that match names whose spot is the number of a place, the literal first; `undefined` where no name has it. */
  entriesAt(place: NamePlace<T>): readonly NameEntry<T>[] | undefined {
    if (place.turnsOn === ALL_OF_IT) return undefined
    return place.literal === undefined ? entriesOf(place, place.text, []) : this.entriesFor(place.literal.selector)
  }

  /** The entries that match a name, the literal first. */
  entriesFor(name: string): readonly NameEntry<T>[] {
    const { places, byStart } = this.#layout
    const place = places[byStart.find(name)]
    return place === undefined ? [] : entriesOf(place, name, this.#endsOf(name))
  }

  /** The texts behind last stars that the name ends with, the longest first. */
  #endsOf(name: string): readonly string[] {
    const { byEnd, ends } = this.#layout
    const found: string[] = []
    for (let end = byEnd.find(name); end >= 0; end = byEnd.outerOf(end)) found.push(ends[end] as string)
    return found
  }

  get #layout(): Layout<T> {
    this.#laidOut ??= this.#layOut()
    return this.#laidOut
  }

  #layOut(): Layout<T> {
    const prefixes = numbered([...this.#groups.keys()].sort())
    const wholes = numbered(this.#literals.keys(), prefixes.size)
    const ends = numbered(['', ...[...this.#groups.values()].flatMap(({ bySuffix }) => [...bySuffix.keys()])])
    const byStart = new PrefixTrie({ prefixes, wholes })
    const byEnd = new PrefixTrie({ prefixes: ends, wholes: new Map() }, 'end')
    const places: NamePlace<T>[] = []
    for (const [text, number] of [...prefixes, ...wholes]) {
      const group = number < prefixes.size ? this.#groups.get(text) : undefined
      const literal = group === undefined ? this.#literals.get(text) : undefined
      const outer = places[byStart.outerOf(number)]
      places.push({ text, literal, group, outer, turnsOn: literal === undefined ? turnsOn(group, outer) : NOTHING })
    }
    return {
      places,
      byStart,
      byEnd,
      ends: [...ends.keys()],
      turnsOn: Uint8Array.from(places, (place) => place.turnsOn),
      startLengths: Int32Array.from(places, ({ text }) => text.length),
      endLengths: Int32Array.from(ends.keys(), ({ length }) => length),
    }
  }

  #groupOf(prefix: string): PatternGroup<T> {
    const known = this.#groups.get(prefix)
    if (known !== undefined) return known
    const group: PatternGroup<T> = { open: undefined, bySuffix: new Map(), hasMiddles: false }
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
    group.hasMiddles ||= middle !== undefined
    const list = group.bySuffix.get(suffix) ?? []
    group.bySuffix.set(suffix, list)
    list.push({ ...entry, middle })
  }
}

function numbered(texts: Iterable<string>, from: number = 0): Map<string, number> {
  return new Map([...new Set(texts)].map((text, nth) => [text, from + nth]))
}

function turnsOn<T>(group: PatternGroup<T> | undefined, outer: NamePlace<T> | undefined): number {
  const own = group?.hasMiddles === true ? ALL_OF_IT : (group?.bySuffix.size ?? 0) > 0 ? ITS_END : NOTHING
  return Math.max(own, outer?.turnsOn ?? NOTHING)
}

/** The entries of a place that match a name with these ends. */
function entriesOf<T>(place: NamePlace<T>, name: string, ends: readonly string[]): readonly NameEntry<T>[] {
  const entries: NameEntry<T>[] = place.literal === undefined ? [] : [place.literal]
  for (let each: NamePlace<T> | undefined = place; each !== undefined; each = each.outer) {
    const { group, text } = each
    if (group?.open !== undefined) entries.push(group.open)
    if (group === undefined || group.bySuffix.size === 0) continue
    for (const end of ends) {
      for (const entry of group.bySuffix.get(end) ?? []) if (matchesRest(entry, name, text, end)) entries.push(entry)
    }
  }
  return entries
}

function matchesRest<T>({ middle }: ConditionalEntry<T>, name: string, start: string, end: string): boolean {
  const rest = name.length - end.length
  return start.length <= rest && (middle === undefined || matchesGlob(middle, name.slice(start.length, rest)))
}
