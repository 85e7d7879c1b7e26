const MAX_TOLD = 10_000

/** Remembers what was told under a revision of the policy, so that it is told once; bounded, and anew under the next one. */
export class ToldOnce {
  #revision = -1
  readonly #told = new Set<string>()

  /** Whether it was not told before; from now on it was. Past the bound nothing is new. */
  isNew(revision: number, what: string): boolean {
    if (revision !== this.#revision) {
      this.#told.clear()
      this.#revision = revision
    }
    if (this.#told.has(what) || this.#told.size >= MAX_TOLD) return false
    this.#told.add(what)
    return true
  }
}
