import type { Clock, LogPort } from '@headgate/core'
import type { MaskObligation } from '@headgate/policy'
import type { Store } from '../../store/store.ts'

const MAX_KNOWN = 10_000

/** What {@link MaskBook} needs. Without a file behind the store, masks are forgotten at the end of the process. */
export interface MaskBookOptions {
  readonly openStore: () => Promise<Store>
  readonly log: LogPort
  readonly clock: Clock
}

/**
 * Which mask a digest in the trail stands for, kept in the store from when it was first applied: what a session saw can be
 * masked again as it was. A digest that is not in the book withholds.
 */
export class MaskBook {
  readonly #options: MaskBookOptions
  readonly #written = new Set<string>()
  readonly #writing = new Set<Promise<void>>()
  #store: Promise<Store> | undefined
  #isClosed = false

  constructor(options: MaskBookOptions) {
    this.#options = options
  }

  /** Writes a mask down unless it is there; never throws. */
  note(mask: MaskObligation): void {
    if (this.#isClosed || this.#written.has(mask.digest)) return
    if (this.#written.size >= MAX_KNOWN) this.#written.clear()
    this.#written.add(mask.digest)
    const writing = this.#write(mask)
      .catch((error: unknown) => {
        this.#written.delete(mask.digest)
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        this.#options.log.error(
          { event: 'mask-book', code },
          'a mask could not be kept: what it masked cannot be replayed',
        )
      })
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** The mask of a digest; `undefined` where it was never written down. */
  async find(digest: string): Promise<MaskObligation | undefined> {
    await this.settled()
    const { database } = await this.#open()
    const row = await database.selectFrom('masks').select('content').where('digest', '=', digest).executeTakeFirst()
    return row && (JSON.parse(row.content) as MaskObligation)
  }

  /** Writes what was noted, and gives the store back. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.settled()
    await this.#store?.then((store) => store.close()).catch(() => undefined)
    this.#store = undefined
  }

  #open(): Promise<Store> {
    this.#store ??= this.#options.openStore().catch((error: unknown) => {
      this.#store = undefined
      throw error
    })
    return this.#store
  }

  /** Resolves when everything that was noted is written, or could not be. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }

  async #write(mask: MaskObligation): Promise<void> {
    const { clock } = this.#options
    const { database } = await this.#open()
    await database
      .insertInto('masks')
      .values({ digest: mask.digest, first_seen_unix_ms: clock.nowUnixMs(), content: JSON.stringify(mask) })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}
