import type { Clock } from '@headgate/core'
import type { Revocation } from '../control-port.ts'
import { SESSION_IDLE_MS } from '../identity/sessions.ts'
import { OpenedStore } from '../store/opened-store.ts'
import type { Store } from '../store/store.ts'

/** What {@link Revocations} needs. */
export interface RevocationsOptions {
  readonly clock: Clock
  /** Absent where nothing outlives the process: then neither do the sessions. */
  readonly openStore?: () => Promise<Store>
}

/** The life of the last token that can have been given out, and as long as its session can be taken up again after that. */
const KEPT_MS = 300_000 + SESSION_IDLE_MS + 60_000

/** The sessions that were revoked, for as long as a token of theirs may be about; kept across restarts where there is a store. */
export class Revocations {
  readonly #options: RevocationsOptions
  readonly #revoked = new Map<string, Revocation>()
  readonly #receivers = new Set<(revocation: Revocation) => void>()
  readonly #store: OpenedStore

  constructor(options: RevocationsOptions) {
    this.#options = options
    this.#store = new OpenedStore(options.openStore)
  }

  /**
   * Takes up what was revoked before a restart.
   *
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  async start(): Promise<void> {
    const database = await this.#store.database()
    const now = this.#options.clock.nowUnixMs()
    await database?.deleteFrom('revoked_sessions').where('until_unix_ms', '<=', now).execute()
    const rows = (await database?.selectFrom('revoked_sessions').selectAll().execute()) ?? []
    for (const row of rows) this.#tell({ sessionId: row.session_id, untilUnixMs: Number(row.until_unix_ms) })
  }

  /** Tells every revocation that counts still, then every other as it comes; the function returned ends it. */
  subscribe(receive: (revocation: Revocation) => void): () => void {
    this.#receivers.add(receive)
    for (const revocation of this.#revoked.values()) receive(revocation)
    return () => this.#receivers.delete(receive)
  }

  /** Whether a session was revoked. */
  isRevoked(sessionId: string): boolean {
    return this.#revoked.has(sessionId)
  }

  /** Revokes a session: at once here, and on record when the promise resolves. One that was revoked stays so. */
  async revoke(sessionId: string): Promise<void> {
    const untilUnixMs = this.#options.clock.nowUnixMs() + KEPT_MS
    this.#forgetOld()
    this.#tell({ sessionId, untilUnixMs })
    const database = await this.#store.database()
    const row = { session_id: sessionId, until_unix_ms: untilUnixMs }
    const set = { until_unix_ms: untilUnixMs }
    await database
      ?.insertInto('revoked_sessions')
      .values(row)
      .onConflict((conflict) => conflict.column('session_id').doUpdateSet(set))
      .execute()
  }

  async close(): Promise<void> {
    this.#receivers.clear()
    await this.#store.close()
  }

  #tell(revocation: Revocation): void {
    this.#revoked.delete(revocation.sessionId)
    this.#revoked.set(revocation.sessionId, revocation)
    for (const receive of [...this.#receivers]) receive(revocation)
  }

  #forgetOld(): void {
    const now = this.#options.clock.nowUnixMs()
    for (const { sessionId, untilUnixMs } of this.#revoked.values()) {
      if (untilUnixMs > now) return
      this.#revoked.delete(sessionId)
    }
  }
}
