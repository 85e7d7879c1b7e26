import type { Store } from './store.ts'

/** One store for everybody who wants it: opened for the first, closed by the last. A SQLite file is one opener's alone. */
export class SharedStore {
  readonly #openStore: () => Promise<Store>
  #opening: Promise<Store> | undefined
  #holders = 0

  constructor(openStore: () => Promise<Store>) {
    this.#openStore = openStore
  }

  /**
   * Gives the store; `close` gives it back. An opening that failed is tried again by the next one.
   *
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  async open(): Promise<Store> {
    this.#holders += 1
    this.#opening ??= this.#openStore()
    const opening = this.#opening
    try {
      const { database } = await opening
      return { database, close: () => this.#release(opening) }
    } catch (error) {
      this.#holders -= 1
      if (this.#opening === opening) this.#opening = undefined
      throw error
    }
  }

  async #release(opening: Promise<Store>): Promise<void> {
    this.#holders -= 1
    if (this.#holders > 0) return
    if (this.#opening === opening) this.#opening = undefined
    await (await opening).close()
  }
}
