/** A place in a text, in UTF-16 units. */
export interface Find {
  readonly start: number
  readonly end: number
}

/** Looks for one kind of value in a text; time grows with the length of the text. */
export interface Detector {
  /** Every find, in order, without overlap. */
  find(text: string): Find[]
  /** Whether whole numbers can be such values. */
  readonly inNumbers: boolean
}
