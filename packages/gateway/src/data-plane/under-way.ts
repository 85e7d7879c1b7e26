/**
 * Counts what is under way, up to a bound: whoever has not signed in yet must not be able to open connections to brokers at will.
 */
export class UnderWay {
  readonly #max: number
  #count = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Begins something; the function returned ends it, once. `undefined` when there is too much already. */
  begin(): (() => void) | undefined {
    if (this.#count >= this.#max) return undefined
    this.#count += 1
    let hasEnded = false
    return () => {
      if (!hasEnded) this.#count -= 1
      hasEnded = true
    }
  }
}
