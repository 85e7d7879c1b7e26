/**
 * Remembers what was worked out for names, in bounded space: clients choose the names.
 *
 * Two generations: when the young one is full it becomes the old one and the old one is forgotten, so that names in
 * use survive a flood of others.
 */
export class NameMemo<T> {
  readonly #capacity: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  /** @param capacity names in one generation; twice as many are held at most. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** What is remembered for a name. */
  get(name: string): T | undefined {
    const young = this.#young.get(name)
    if (young !== undefined || this.#old.size === 0) return young
    const old = this.#old.get(name)
    if (old !== undefined) this.set(name, old)
    return old
  }

  /** Remembers a value for a name. */
  set(name: string, value: T): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, value)
  }

  /** How many names are held; those in both generations count twice. */
  get size(): number {
    return this.#young.size + this.#old.size
  }
}
