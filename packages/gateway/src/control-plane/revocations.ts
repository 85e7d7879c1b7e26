import type { Clock } from '@headgate/core'
import type { Revocation } from '../control-port.ts'
import { SESSION_IDLE_MS } from '../identity/sessions.ts'
import { type SubjectTokenMark, SubjectTokens } from '../identity/subject-tokens.ts'
import { OpenedStore } from '../store/opened-store.ts'
import type { Store } from '../store/store.ts'

/** What {@link Revocations} needs. */
export interface RevocationsOptions {
  readonly clock: Clock
  /** Absent where nothing outlives the process: then neither do the sessions. */
  readonly openStore?: () => Promise<Store>
  /** Shared with the authenticator. */
  readonly subjectTokens?: SubjectTokens
}

/** The life of the last token that can have been given out, and as long as its session can be taken up again after that. */
const KEPT_MS = 300_000 + SESSION_IDLE_MS + 60_000

/** The sessions that were revoked, for as long as a token of theirs may be about; kept across restarts where there is a store. */
export class Revocations {
  /** Which tokens of identity providers begin no session any more. */
  readonly subjectTokens: SubjectTokens
  readonly #options: RevocationsOptions
  readonly #revoked = new Map<string, Revocation>()
  readonly #receivers = new Set<(revocation: Revocation) => void>()
  readonly #store: OpenedStore

  constructor(options: RevocationsOptions) {
    this.#options = options
    this.subjectTokens = options.subjectTokens ?? new SubjectTokens(options.clock)
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
    await database?.deleteFrom('refused_tokens').where('until_unix_ms', '<=', now).execute()
    const refused = (await database?.selectFrom('refused_tokens').selectAll().execute()) ?? []
    this.subjectTokens.refuse(refused.map((row) => ({ digest: row.digest, untilUnixMs: Number(row.until_unix_ms) })))
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

  /**
   * Revokes a session: at once here, and on record when the promise resolves. One that was revoked stays so. The provider's tokens that
   * it was had with begin no other.
   *
   * @param subjectToken what a token of the session says that it was exchanged for, beside those that are known
   */
  async revoke(sessionId: string, subjectToken?: SubjectTokenMark): Promise<void> {
    const untilUnixMs = this.#options.clock.nowUnixMs() + KEPT_MS
    const marks = [...this.subjectTokens.usedBy(sessionId), ...(subjectToken === undefined ? [] : [subjectToken])]
    // Before anybody is told, and comes again.
    this.subjectTokens.refuse(marks)
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
    if (marks.length === 0) return
    await database
      ?.insertInto('refused_tokens')
      .values(marks.map((mark) => ({ digest: mark.digest, until_unix_ms: mark.untilUnixMs })))
      .onConflict((conflict) => conflict.column('digest').doNothing())
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
