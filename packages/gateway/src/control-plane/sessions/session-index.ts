import type { AuditCheckpoint, RecordedEvent, TrailCursor } from '@headgate/audit'
import type { Insertable, Kysely, Transaction } from 'kysely'
import type { Database, SessionRow } from '../../store/database.ts'
import { recordsOf, type SessionEntry, sessionEntryOf, settledIntents } from './session-entry.ts'

type Line = RecordedEvent | AuditCheckpoint
type Summary = { -readonly [Key in keyof SessionRow]: SessionRow[Key] }

const COUNTS = ['sign_ins', 'records_read', 'records_written', 'denials', 'asks', 'replays'] as const

function emptySummary({ row, issuer, subject, lastAtUnixMs }: SessionEntry): Summary {
  return {
    ...{ id: row.session_id, issuer, subject, first_at_unix_ms: row.at_unix_ms, last_at_unix_ms: lastAtUnixMs },
    ...{ sign_ins: 0, records_read: 0, records_written: 0, denials: 0, asks: 0, replays: 0 },
  }
}

function count(summary: Summary, { row, lastAtUnixMs }: SessionEntry, line: Line): void {
  const { read, written } = recordsOf(line)
  summary.records_read += read
  summary.records_written += written
  if (row.kind === 'sign-in') summary.sign_ins += 1
  if (row.kind === 'denial') summary.denials += 1
  if (row.kind === 'ask') summary.asks += 1
  if (row.kind === 'replay') summary.replays += 1
  summary.first_at_unix_ms = Math.min(summary.first_at_unix_ms, row.at_unix_ms)
  summary.last_at_unix_ms = Math.max(summary.last_at_unix_ms, lastAtUnixMs)
}

/**
 * The index of sessions: what the trail says of each, for questions.
 *
 * INVARIANT: it says nothing that is not in a trail, and taking a line in twice is taking it in once: an entry is known by the
 * writer and the number of its line, and sessions count new entries alone.
 */
export class SessionIndex {
  readonly #database: Kysely<Database>

  constructor(database: Kysely<Database>) {
    this.#database = database
  }

  /** How far the trail of a writer has been taken in; `undefined` before its first line. */
  async cursorOf(writer: string): Promise<TrailCursor | undefined> {
    const cursor = await this.#database
      .selectFrom('trail_cursors')
      .select(['segment', 'position'])
      .where('writer', '=', writer)
      .executeTakeFirst()
    return cursor && { segment: Number(cursor.segment), position: Number(cursor.position) }
  }

  /** Takes lines of a trail in, all of them or none; `next` is where the following ones are, where that is known. */
  async take(writer: string, lines: readonly Line[], next?: TrailCursor): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await this.#takeEntries(transaction, lines)
      const settled = lines.flatMap(settledIntents)
      if (settled.length > 0) await transaction.deleteFrom('session_entries').where('intent', 'in', settled).execute()
      for (const line of lines)
        if (line.event === 'audit.removed') await this.#remove(transaction, writer, line.throughSeq)
      if (next !== undefined) await this.#moveCursor(transaction, writer, next)
    })
  }

  async #takeEntries(transaction: Transaction<Database>, lines: readonly Line[]): Promise<void> {
    const entries = lines.flatMap((line) => {
      const entry = sessionEntryOf(line)
      return entry === undefined ? [] : [{ line, entry }]
    })
    if (entries.length === 0) return
    const inserted = await transaction
      .insertInto('session_entries')
      .values(entries.map(({ entry }) => entry.row))
      .onConflict((conflict) => conflict.doNothing())
      .returning(['writer', 'seq'])
      .execute()
    const isNew = new Set(inserted.map(({ writer, seq }) => `${seq} ${writer}`))
    const summaries = new Map<string, Summary>()
    for (const { line, entry } of entries) {
      const { row } = entry
      if (!isNew.has(`${row.seq} ${row.writer}`)) continue
      const summary = summaries.get(row.session_id) ?? emptySummary(entry)
      summaries.set(row.session_id, summary)
      if (summary.subject === '') Object.assign(summary, { issuer: entry.issuer, subject: entry.subject })
      count(summary, entry, line)
    }
    for (const summary of summaries.values()) await this.#add(transaction, summary)
  }

  async #add(transaction: Transaction<Database>, summary: Insertable<SessionRow>): Promise<void> {
    await transaction
      .insertInto('sessions')
      .values(summary)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(({ ref, eb }) => ({
          // Whoever looks at a session again is not who it was.
          issuer: eb
            .case()
            .when('sessions.subject', '=', '')
            .then(ref('excluded.issuer'))
            .else(ref('sessions.issuer'))
            .end(),
          subject: eb
            .case()
            .when('sessions.subject', '=', '')
            .then(ref('excluded.subject'))
            .else(ref('sessions.subject'))
            .end(),
          first_at_unix_ms: eb
            .case()
            .when('excluded.first_at_unix_ms', '<', ref('sessions.first_at_unix_ms'))
            .then(ref('excluded.first_at_unix_ms'))
            .else(ref('sessions.first_at_unix_ms'))
            .end(),
          last_at_unix_ms: eb
            .case()
            .when('excluded.last_at_unix_ms', '>', ref('sessions.last_at_unix_ms'))
            .then(ref('excluded.last_at_unix_ms'))
            .else(ref('sessions.last_at_unix_ms'))
            .end(),
          ...Object.fromEntries(
            COUNTS.map((name) => [name, eb(ref(`sessions.${name}`), '+', ref(`excluded.${name}`))]),
          ),
        })),
      )
      .execute()
  }

  /** What the trail has given up for its age is not kept here either. */
  async #remove(transaction: Transaction<Database>, writer: string, throughSeq: number): Promise<void> {
    await transaction
      .deleteFrom('session_entries')
      .where('writer', '=', writer)
      .where('seq', '<=', throughSeq)
      .execute()
    await transaction
      .deleteFrom('sessions')
      .where(({ not, exists, selectFrom, ref }) =>
        not(
          exists(
            selectFrom('session_entries').select('seq').where('session_entries.session_id', '=', ref('sessions.id')),
          ),
        ),
      )
      .execute()
  }

  async #moveCursor(
    transaction: Transaction<Database>,
    writer: string,
    { segment, position }: TrailCursor,
  ): Promise<void> {
    await transaction
      .insertInto('trail_cursors')
      .values({ writer, segment, position })
      .onConflict((conflict) => conflict.column('writer').doUpdateSet({ segment, position }))
      .execute()
  }
}
