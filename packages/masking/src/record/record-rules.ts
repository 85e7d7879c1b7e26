import type { MaskRule, Unmask } from '../plan/rule.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'

/** How the value of a record is read. What must be masked in an `opaque` one withholds the record. */
export type RecordFormat = 'json' | 'text' | 'opaque'

/** A header that is masked whole. */
export interface HeaderRule {
  readonly name: string
  readonly with: MaskStrategy
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
}
