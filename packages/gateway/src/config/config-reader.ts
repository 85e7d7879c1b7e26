import { nearestWord } from '@headgate/policy'
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import type { ConfigProblemCode } from './config-problem-code.ts'
import type { ConfigSource } from './config-source.ts'

/** A value and where it stands. */
export interface Located<T> {
  readonly value: T
  readonly offset: number
}

/** Bounds and default of a whole number. */
export interface IntegerOptions {
  readonly min: number
  readonly max: number
  readonly fallback?: number
}

function offsetOf(node: unknown, otherwise: number): number {
  return (node as Node | null | undefined)?.range?.[0] ?? otherwise
}

/**
 * Reads one mapping of the config, key by key.
 *
 * A value that is missing or wrong is noted as a problem, and a stand-in of the right type is given, so that reading
 * goes on and every problem is found at once.
 * INVARIANT: a stand-in never leaves the loader, because a source with problems gives no config.
 */
export class ConfigReader {
  readonly source: ConfigSource
  /** Where the mapping, or the key that names it, stands. */
  readonly offset: number
  readonly #label: string
  readonly #map: YAMLMap | undefined
  readonly #known = new Set<string>()

  constructor(source: ConfigSource, map: YAMLMap | undefined, label = '', offset = 0) {
    this.source = source
    this.offset = offset
    this.#map = map
    this.#label = label
  }

  /** `false` for the stand-in of a section that is missing: nothing in it is worth a further problem. */
  get isPresent(): boolean {
    return this.#map !== undefined
  }

  /** The dotted name of a key in this mapping. */
  nameOf(key: string): string {
    return this.#label === '' ? key : `${this.#label}.${key}`
  }

  /** Notes a problem at an offset, or at this mapping. */
  add(code: ConfigProblemCode, message: string, mend: string, offset: number = this.offset): void {
    this.source.add({ offset, code, message, mend })
  }

  /** Tells whether the key is there; the key counts as known. */
  has(key: string): boolean {
    return this.#pair(key) !== undefined
  }

  /** The offset of the key's value, or of this mapping when it has none. */
  offsetOf(key: string): number {
    const pair = this.#pair(key)
    return offsetOf(pair?.value, offsetOf(pair?.key, this.offset))
  }

  /** A text; required unless there is a fallback. */
  text(key: string, fallback?: string): string {
    return this.optionalText(key)?.value ?? this.#missing(key, fallback, 'a text') ?? ''
  }

  /** A text, where there is one. */
  optionalText(key: string): Located<string> | undefined {
    const scalar = this.#scalar(key)
    if (scalar === undefined) return undefined
    if (typeof scalar.value === 'string' && scalar.value !== '') return { ...scalar, value: scalar.value }
    const isEmpty = scalar.value === '' || scalar.value === null
    this.#wrongType(key, isEmpty ? 'is empty' : 'is no text', isEmpty ? 'give it a value' : 'put it in quotes')
    return { value: '', offset: scalar.offset }
  }

  /** A whole number in the bounds; required unless there is a fallback. */
  integer(key: string, { min, max, fallback }: IntegerOptions): number {
    const scalar = this.#scalar(key)
    if (scalar === undefined) return this.#missing(key, fallback, 'a whole number') ?? 0
    const { value, offset } = scalar
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    this.add(
      'ERR_GATEWAY_CONFIG_OUT_OF_RANGE',
      `\`${this.nameOf(key)}\` is out of range`,
      `write a whole number, ${min} to ${max}`,
      offset,
    )
    return fallback ?? 0
  }

  /** `true` or `false`; `false` when the key is absent. */
  flag(key: string): boolean {
    const scalar = this.#scalar(key)
    if (scalar === undefined) return false
    if (typeof scalar.value === 'boolean') return scalar.value
    this.#wrongType(key, 'is neither true nor false', 'write `true`, or leave the key out')
    return false
  }

  /** One of some words, in any case, where the key is there. */
  word<W extends string>(key: string, words: readonly W[]): W | undefined {
    const text = this.optionalText(key)
    return text === undefined || text.value === '' ? undefined : this.oneOf(key, text, words)
  }

  /** The word that a located text is, in any case; a problem when it is none of them. */
  oneOf<W extends string>(key: string, text: Located<string>, words: readonly W[]): W | undefined {
    const found = words.find((word) => word.toLowerCase() === text.value.toLowerCase())
    if (found === undefined) {
      const list = words.map((word) => `\`${word}\``).join(', ')
      this.add(
        'ERR_GATEWAY_CONFIG_NOT_ALLOWED',
        `\`${this.nameOf(key)}\` is none of the allowed words`,
        `write one of ${list}`,
        text.offset,
      )
    }
    return found
  }

  /** A list of texts with at least one member; required. */
  texts(key: string): Located<string>[] {
    const items = this.#items(key)
    return items.flatMap((item) => {
      const text = this.#textOf(item)
      if (text !== undefined) return [text]
      this.#wrongType(key, 'has a member that is no text', 'put each member in quotes', item)
      return []
    })
  }

  /** The members of a mapping whose keys are names of somebody else's; none when the key is absent. */
  members(
    key: string,
  ): { readonly name: string; readonly values: readonly Located<string>[]; readonly offset: number }[] {
    const pair = this.#pair(key)
    if (pair === undefined) return []
    if (!isMap(pair.value)) this.#wrongType(key, 'is no mapping', 'write `{ name: value }`')
    const items = isMap(pair.value) ? pair.value.items : []
    return items.flatMap((item) => {
      const offset = offsetOf(item.key, this.offset)
      const name = isScalar(item.key) ? item.key.value : undefined
      const nodes = isSeq(item.value) ? item.value.items : [item.value]
      const values = nodes.flatMap((node) => this.#textOf(node) ?? [])
      const isSound = typeof name === 'string' && name !== '' && nodes.length > 0 && values.length === nodes.length
      if (isSound) return [{ name, values, offset }]
      this.#wrongType(key, 'has a member that is no text', 'put names and values in quotes', item.value ?? item.key)
      return []
    })
  }

  /** A text, or a list of texts, where there is one. */
  textOrTexts(key: string): readonly Located<string>[] | undefined {
    const pair = this.#pair(key)
    if (pair === undefined) return undefined
    const text = isSeq(pair.value) ? undefined : this.optionalText(key)
    return text === undefined ? this.texts(key) : [text]
  }

  /** A nested mapping; required. */
  section(key: string): ConfigReader {
    const section = this.optionalSection(key)
    if (section !== undefined) return section
    this.#missing(key, undefined, 'a mapping')
    return new ConfigReader(this.source, undefined, this.nameOf(key), this.offset)
  }

  /** A nested mapping, where there is one. */
  optionalSection(key: string): ConfigReader | undefined {
    const pair = this.#pair(key)
    if (pair === undefined) return undefined
    const offset = offsetOf(pair.key, this.offset)
    if (isMap(pair.value)) return new ConfigReader(this.source, pair.value, this.nameOf(key), offset)
    this.#wrongType(key, 'is no mapping', 'write its keys below it, indented')
    return new ConfigReader(this.source, undefined, this.nameOf(key), offset)
  }

  /** A list of mappings with at least one member; required unless optional. */
  sections(key: string, { optional = false }: { readonly optional?: boolean } = {}): ConfigReader[] {
    if (optional && !this.has(key)) return []
    return this.#items(key).flatMap((item, index) => {
      const offset = offsetOf(item, this.offset)
      if (isMap(item)) return [new ConfigReader(this.source, item, `${this.nameOf(key)}[${index}]`, offset)]
      this.#wrongType(key, 'has a member that is no mapping', 'write `- ` and its keys', item)
      return []
    })
  }

  /** A mapping of the author's own names to texts; empty where there is none. */
  textsByName(key: string): readonly (readonly [name: string, text: Located<string>])[] {
    const section = this.optionalSection(key)
    if (section === undefined) return []
    const entries = section.#names().map((name) => [name, section.optionalText(name)] as const)
    section.close()
    return entries.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))
  }

  #names(): string[] {
    return (this.#map?.items ?? []).flatMap(({ key }) =>
      isScalar(key) && typeof key.value === 'string' ? [key.value] : [],
    )
  }

  /** The raw value of a key, for values of more than one form. */
  node(key: string): Node | undefined {
    return (this.#pair(key)?.value as Node | null | undefined) ?? undefined
  }

  /** Notes a key that is missing, unless there is a fallback, which is given back. */
  require<T>(key: string, what: string, fallback?: T): T | undefined {
    return this.#missing(key, fallback, what)
  }

  /** Notes each key that nothing has asked for. Call it last. */
  close(): void {
    for (const pair of this.#map?.items ?? []) {
      const key = isScalar(pair.key) ? String(pair.key.value) : ''
      if (this.#known.has(key)) continue
      const near = nearestWord(key, [...this.#known])
      const list = [...this.#known].map((word) => `\`${word}\``).join(', ')
      this.add(
        'ERR_GATEWAY_CONFIG_UNKNOWN_KEY',
        `\`${this.nameOf(key)}\` is not known`,
        near === undefined ? `remove it; known here: ${list}` : `did you mean \`${near}\`?`,
        offsetOf(pair.key, this.offset),
      )
    }
  }

  #pair(key: string): Pair | undefined {
    this.#known.add(key)
    return this.#map?.items.find((pair) => isScalar(pair.key) && pair.key.value === key)
  }

  #scalar(key: string): Located<unknown> | undefined {
    const pair = this.#pair(key)
    if (pair === undefined) return undefined
    const offset = offsetOf(pair.value, offsetOf(pair.key, this.offset))
    return { value: isScalar(pair.value) ? pair.value.value : pair.value, offset }
  }

  #textOf(node: unknown): Located<string> | undefined {
    if (!isScalar(node) || typeof node.value !== 'string' || node.value === '') return undefined
    return { value: node.value, offset: offsetOf(node, this.offset) }
  }

  #items(key: string): unknown[] {
    const pair = this.#pair(key)
    if (pair === undefined) {
      this.#missing(key, undefined, 'a list')
      return []
    }
    if (isSeq(pair.value) && pair.value.items.length > 0) return pair.value.items
    this.#wrongType(key, isSeq(pair.value) ? 'is empty' : 'is no list', 'write a list with at least one member')
    return []
  }

  #missing<T>(key: string, fallback: T | undefined, what: string): T | undefined {
    if (fallback === undefined && this.isPresent && !this.has(key)) {
      this.add('ERR_GATEWAY_CONFIG_MISSING_KEY', `\`${this.nameOf(key)}\` is missing`, `add \`${key}:\` with ${what}`)
    }
    return fallback
  }

  #wrongType(key: string, what: string, mend: string, at?: unknown): void {
    this.add('ERR_GATEWAY_CONFIG_WRONG_TYPE', `\`${this.nameOf(key)}\` ${what}`, mend, offsetOf(at, this.offsetOf(key)))
  }
}
