import { readTrail, TRAIL_START, type TrailCursor } from '@headgate/audit'
import type { Clock, ClockTimer, LogPort } from '@headgate/core'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../../store/database.ts'
import type { Store } from '../../store/store.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { takeSessions } from '../sessions/session-index.ts'
import { type TrailRows, trailRowsOf } from './trail-rows.ts'

/** What a {@link TrailIndex} needs. */
export interface TrailIndexOptions {
  readonly trail: AuditTrail
  /** Opens the database of the index; called once, when it is first needed. */
  readonly openStore: () => Promise<Store>
  readonly log: LogPort
  readonly clock: Clock
}

const ROWS_AT_ONCE = 200
const READ_BYTES = 256 * 1024
const PAUSE_MS = 500

function* inParts<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += ROWS_AT_ONCE) yield items.slice(at, at + ROWS_AT_ONCE)
}

/**
 * The index over the trail: filled in order from the segments, from where it was left, however often it is ended.
 *
 * INVARIANT: rows and the place up to which segments were read are written in one transaction, and a line that is there
 * already is left as it is; so nothing is missed and nothing counts twice.
 */
export class TrailIndex {
  readonly #options: TrailIndexOptions
  #store: Promise<Store> | undefined
  #filling: Promise<void> | undefined
  #stopListening: (() => void) | undefined
  #timer: ClockTimer | undefined
  /** How far the segments have been read. */
  #cursor: TrailCursor | undefined
  #isClosed = false

  constructor(options: TrailIndexOptions) {
    this.#options = options
  }

  /** Takes up what is on record already, and what will be. */
  start(): void {
    this.#stopListening = this.#options.trail.writer.onDurable(() => this.#fillSoon())
    this.#fillSoon()
  }

  /**
   * Gives the database when it holds everything that has been told to the trail by now.
   *
   * @throws {HeadgateError} when the index cannot be opened or written.
   */
  async complete(): Promise<Kysely<Database>> {
    await this.#options.trail.writer.flush()
    // One that has begun may have read what was there before.
    await this.#filling?.catch(() => {})
    await this.#fill()
    return (await this.#open()).database
  }

  /** Ends; the rest is filled in after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#stopListening?.()
    await this.#filling?.catch(() => {})
    await this.#store?.then((store) => store.close()).catch(() => {})
  }

  #open(): Promise<Store> {
    this.#store ??= this.#options.openStore()
    this.#store.catch(() => {
      this.#store = undefined
    })
    return this.#store
  }

  #fillSoon(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = this.#options.clock.after(PAUSE_MS, () => {
      this.#timer = undefined
      this.#fill().catch((error: unknown) => {
        const code = (error as { code?: unknown } | null)?.code
        const fields = { event: 'audit', error: error instanceof Error ? error.name : 'unknown', code: String(code) }
        this.#options.log.error(fields, 'the index over the audit trail is behind')
      })
    })
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#readOn().finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  async #readOn(): Promise<void> {
    const { folder, files, writer } = this.#options.trail
    const { database } = await this.#open()
    this.#cursor ??= await this.#readCursor(database)
    while (!this.#isClosed) {
      const { lines, next } = await readTrail(folder, this.#cursor, {
        files,
        maxBytes: READ_BYTES,
        until: writer.durableEnd,
      })
      if (lines.length === 0) return
      const rows = trailRowsOf(lines)
      await database.transaction().execute(async (transaction) => {
        await takeSessions(transaction, writer.writer, lines)
        await this.#write(transaction, rows, next)
      })
      this.#cursor = next
    }
  }

  async #readCursor(database: Kysely<Database>): Promise<TrailCursor> {
    const { folder } = this.#options.trail
    const row = await database.selectFrom('audit_cursors').selectAll().where('folder', '=', folder).executeTakeFirst()
    return row === undefined ? TRAIL_START : { segment: Number(row.segment), position: Number(row.position) }
  }

  async #write(transaction: Transaction<Database>, rows: TrailRows, next: TrailCursor): Promise<void> {
    for (const part of inParts(rows.events))
      await transaction
        .insertInto('audit_events')
        .values(part)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    for (const part of inParts(rows.outcomes))
      await transaction
        .insertInto('audit_outcomes')
        .values(part)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    if (rows.removedThroughSeq > 0)
      await transaction.deleteFrom('audit_events').where('seq', '<=', rows.removedThroughSeq).execute()
    const cursor = { folder: this.#options.trail.folder, ...next }
    await transaction
      .insertInto('audit_cursors')
      .values(cursor)
      .onConflict((conflict) => conflict.column('folder').doUpdateSet({ ...next }))
      .execute()
  }
}
