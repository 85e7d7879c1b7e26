/** A place in a text, in UTF-16 units. */
export interface Find {
  readonly start: number
  readonly end: number
}

/** What a text without finds gives. */
export const NO_FINDS: readonly Find[] = Object.freeze([])

/** Looks for one kind of value in a text; time grows with the length of the text. */
export interface Detector {
  /** What no text without is looked at: nine digits with nothing but separators among them, or an `@`. */
  readonly needs: 'digits' | 'at-sign'
  /** Every find, in order, without overlap. */
  find(text: string): readonly Find[]
  /** Whether whole numbers can be such values. */
  readonly inNumbers: boolean
}
