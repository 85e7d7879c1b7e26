import type { MaskRule, Unmask } from '../plan/rule.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'

/** How the value of a record is read. What must be masked in an `opaque` one withholds the record. */
export type RecordFormat = 'json' | 'text' | 'opaque'

/** A header that is masked whole. */
export interface HeaderRule {
  readonly name: string
  readonly with: MaskStrategy
}

/**
 * What is shown of a record, and nothing else of it: what the list does not name is absent. An empty list shows a record
 * without members, headers or key. Rules apply to what is kept. JSON can hold it.
 */
export interface KeepList {
  /** Selectors in the json-mask language: the members of the value that are kept. None: no member is. */
  readonly fields: readonly string[]
  /** Names of the headers that are kept, without regard to the case of ASCII letters. */
  readonly headers: readonly string[]
  /** Whether the key is kept; if not, it becomes null. */
  readonly key: boolean
}

/** How the records of a topic are masked: value, headers and key. JSON can hold it. */
export interface RecordRules {
  readonly format: RecordFormat
  /** Rules for values; those with `detect` look into the values of headers too. */
  readonly value: readonly MaskRule[]
  readonly headers: readonly HeaderRule[]
  readonly key?: MaskStrategy | undefined
  /** What is lifted from `value`. */
  readonly unmask?: Unmask
  /** What is kept of a record; everything, if it is left out. */
  readonly only?: KeepList | undefined
}
