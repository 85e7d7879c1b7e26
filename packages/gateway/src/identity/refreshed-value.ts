import type { Clock } from '@headgate/core'

/** How a {@link RefreshedValue} is loaded and for how long it is good. */
export interface RefreshedValueOptions<T> {
  readonly load: () => Promise<T>
  readonly clock: Clock
  /** So long a value is used without asking. */
  readonly freshMs: number
  /** So long a value is used when asking fails. */
  readonly staleMs: number
  /** The least time between two loads that are not due: after a failure, or on demand. */
  readonly pauseMs: number
}

/**
 * A value from elsewhere, kept and refreshed.
 *
 * Concurrent callers share one load; a failed load is not repeated within the pause; a value outlives failures until
 * it is stale.
 */
export class RefreshedValue<T> {
  readonly #options: RefreshedValueOptions<T>
  #loaded: { readonly value: T; readonly atMs: number } | undefined
  #failure: { readonly error: unknown; readonly atMs: number } | undefined
  #loading: Promise<T> | undefined

  constructor(options: RefreshedValueOptions<T>) {
    this.#options = options
  }

  /** Gives the value, loading it when it is no longer fresh. Throws the load's error when no kept value will do. */
  async get(): Promise<T> {
    const kept = this.#loaded
    if (kept !== undefined && this.#ageMs(kept) < this.#options.freshMs) return kept.value
    try {
      return await this.#load()
    } catch (error) {
      if (kept !== undefined && this.#ageMs(kept) < this.#options.staleMs) return kept.value
      throw error
    }
  }

  /** Loads anew because the kept value does not serve, unless the last load is too recent; then gives what is kept. */
  async renew(): Promise<T> {
    const lastMs = Math.max(
      this.#loaded?.atMs ?? Number.NEGATIVE_INFINITY,
      this.#failure?.atMs ?? Number.NEGATIVE_INFINITY,
    )
    const isRecent = this.#options.clock.monotonicMs() - lastMs < this.#options.pauseMs
    if (this.#loaded !== undefined && isRecent && this.#loading === undefined) return this.#loaded.value
    try {
      return await this.#load()
    } catch {
      return await this.get()
    }
  }

  #ageMs(moment: { readonly atMs: number }): number {
    return this.#options.clock.monotonicMs() - moment.atMs
  }

  async #load(): Promise<T> {
    if (this.#loading !== undefined) return this.#loading
    if (this.#failure !== undefined && this.#ageMs(this.#failure) < this.#options.pauseMs) throw this.#failure.error
    this.#loading = this.#loadOnce().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #loadOnce(): Promise<T> {
    const { load, clock } = this.#options
    try {
      const value = await load()
      this.#loaded = { value, atMs: clock.monotonicMs() }
      this.#failure = undefined
      return value
    } catch (error) {
      this.#failure = { error, atMs: clock.monotonicMs() }
      throw error
    }
  }
}
