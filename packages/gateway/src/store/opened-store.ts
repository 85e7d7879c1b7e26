import type { Store } from './store.ts'

/** A store that is opened when it is needed first, where there is one; an opening that failed is tried again. */
export class OpenedStore {
  readonly #openStore: (() => Promise<Store>) | undefined
  #opening: Promise<Store> | undefined

  constructor(openStore: (() => Promise<Store>) | undefined) {
    this.#openStore = openStore
  }

  /**
   * The database; nothing where there is no store.
   *
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  async database(): Promise<Store['database'] | undefined> {
    if (this.#openStore === undefined) return undefined
    const opening = this.#opening ?? this.#openStore()
    this.#opening = opening
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined
    })
    return (await opening).database
  }

  /** Gives it back, where it was opened. */
  async close(): Promise<void> {
    const store = await this.#opening?.catch(() => undefined)
    await store?.close()
  }
}
