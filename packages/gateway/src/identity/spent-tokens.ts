import { createHash } from 'node:crypto'
import type { Clock } from '@headgate/core'
import { OpenedStore } from '../store/opened-store.ts'
import type { Store } from '../store/store.ts'
import { AuthenticatorBusyError } from './identity-errors.ts'

/** What {@link SpentTokens} needs. */
export interface SpentTokensOptions {
  readonly clock: Clock
  /** Absent for a gateway without a store: what was spent is forgotten when it ends. */
  readonly openStore?: () => Promise<Store>
}

const MAX_SPENT = 100_000
const FORGET_EACH_MS = 60_000

/**
 * What is taken once: tokens and assertions, by issuer and id, for as long as they could be shown again.
 *
 * Of two that come at the same time, at whichever gateway of a store, one is the first.
 */
export class SpentTokens {
  readonly #options: SpentTokensOptions
  readonly #spent = new Map<string, number>()
  readonly #store: OpenedStore
  #forgotAtMs = Number.NEGATIVE_INFINITY

  constructor(options: SpentTokensOptions) {
    this.#options = options
    this.#store = new OpenedStore(options.openStore)
  }

  /**
   * Spends what an issuer calls by an id; `false` when it was spent before.
   *
   * @throws {AuthenticatorBusyError} `ERR_GATEWAY_AUTHENTICATOR_BUSY` when no more can be remembered
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  async spend(issuer: string, id: string, untilUnixMs: number): Promise<boolean> {
    const digest = createHash('sha256')
      .update(JSON.stringify([issuer, id]))
      .digest('base64url')
    await this.#forgetOld()
    if (this.#spent.has(digest)) return false
    // Nothing that counts still is forgotten to make room.
    if (this.#spent.size >= MAX_SPENT) throw new AuthenticatorBusyError()
    this.#spent.set(digest, untilUnixMs)
    try {
      return await this.#record(digest, untilUnixMs)
    } catch (error) {
      // Nobody was told that it is spent: it may be shown again.
      this.#spent.delete(digest)
      throw error
    }
  }

  async #record(digest: string, untilUnixMs: number): Promise<boolean> {
    const database = await this.#store.database()
    if (database === undefined) return true
    const inserted = await database
      .insertInto('spent_tokens')
      .values({ digest, until_unix_ms: untilUnixMs })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .executeTakeFirst()
    return Number(inserted.numInsertedOrUpdatedRows ?? 0) > 0
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async #forgetOld(): Promise<void> {
    const { clock } = this.#options
    if (clock.monotonicMs() - this.#forgotAtMs < FORGET_EACH_MS) return
    this.#forgotAtMs = clock.monotonicMs()
    const now = clock.nowUnixMs()
    for (const [digest, untilUnixMs] of this.#spent) if (untilUnixMs <= now) this.#spent.delete(digest)
    const database = await this.#store.database()
    await database?.deleteFrom('spent_tokens').where('until_unix_ms', '<=', now).execute()
  }
}
