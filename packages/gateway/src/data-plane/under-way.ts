/**
 * Counts what is under way, up to a bound: whoever has not signed in yet must not be able to open connections to brokers at will.
 * An address has a bound of its own, so that one that holds all it can leaves room for the others.
 */
export class UnderWay {
  readonly #max: number
  readonly #maxPerAddress: number
  readonly #countByAddress = new Map<string, number>()
  #count = 0

  constructor(max: number, maxPerAddress: number) {
    this.#max = max
    this.#maxPerAddress = maxPerAddress
  }

  /** Begins something; the function returned ends it, once. `undefined` when there is too much already. */
  begin(address: string): (() => void) | undefined {
    const ofAddress = this.#countByAddress.get(address) ?? 0
    if (this.#count >= this.#max || ofAddress >= this.#maxPerAddress) return undefined
    this.#count += 1
    this.#countByAddress.set(address, ofAddress + 1)
    let hasEnded = false
    return () => {
      if (!hasEnded) this.#end(address)
      hasEnded = true
    }
  }

  #end(address: string): void {
    this.#count -= 1
    const left = (this.#countByAddress.get(address) ?? 1) - 1
    if (left === 0) this.#countByAddress.delete(address)
    else this.#countByAddress.set(address, left)
  }
}
