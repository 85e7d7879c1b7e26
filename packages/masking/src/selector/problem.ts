/** What can be wrong with a selector. The codes are stable; the texts are not. */
export type SelectorProblemCode =
  | 'ERR_MASKING_SELECTOR_EMPTY'
  | 'ERR_MASKING_SELECTOR_SYNTAX'
  | 'ERR_MASKING_SELECTOR_NAME'
  | 'ERR_MASKING_SELECTOR_OVERLAP'
  | 'ERR_MASKING_SELECTOR_TOO_LARGE'

/** One thing to mend in a selector, with its place in the selector's own text. */
export interface SelectorProblem {
  /** Counts from 1. */
  readonly line: number
  /** Counts from 1, in UTF-16 units. */
  readonly column: number
  readonly code: SelectorProblemCode
  /** What is wrong: lower case, no full stop. */
  readonly message: string
  /** What to write instead. */
  readonly mend: string
}

/** A problem that knows its offset, but not yet its line. */
export interface SelectorFault {
  readonly offset: number
  readonly code: SelectorProblemCode
  readonly message: string
  readonly mend: string
}

/** Gives a fault its line and column. */
export function placeFault(text: string, { offset, code, message, mend }: SelectorFault): SelectorProblem {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: offset - before.lastIndexOf('\n'), code, message, mend }
}
