import type { DetectorName } from '../detect/detectors.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'

/** What a rule masks, and how. At least one of `fields`, `anywhere` and `detect` is given; JSON can hold it. */
export interface MaskRule {
  /** A selector in the json-mask language, from the root of the record. */
  readonly fields?: string
  /** Names of keys at any depth, without regard to case. */
  readonly anywhere?: readonly string[]
  /** Values that are known by their form, in any text at any depth, in keys too. */
  readonly detect?: readonly DetectorName[]
  readonly with: MaskStrategy
}

/** What is lifted from the rules, for one principal. */
export interface Unmask {
  /** Selectors: what they select is shown with all below it, unless a rule hides something that holds it. */
  readonly fields?: readonly string[]
  readonly anywhere?: readonly string[]
  readonly detect?: readonly DetectorName[]
}
