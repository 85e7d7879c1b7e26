import type { Kysely } from 'kysely'
import type { Database, SessionEntryRow, SessionRow } from '../../store/database.ts'
import { SessionQueryError } from './errors.ts'
import type { SessionEntryKind, SessionEvent } from './session-entry.ts'
import { decodeCursor, encodeCursor, type SessionListQuery } from './session-query.ts'

/** A session in numbers. */
export interface SessionSummary {
  readonly id: string
  readonly principal: { readonly issuer: string; readonly subject: string }
  readonly firstAt: string
  readonly lastAt: string
  readonly signIns: number
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly denials: number
  readonly asks: number
  readonly replays: number
}

/** A part of a list, and from where the next one goes on. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Absent when there are no more. */
  readonly next?: string
}

/** An event of a session. */
export interface StoredEntry {
  readonly kind: SessionEntryKind
  readonly event: SessionEvent
  /** Where the list goes on behind it. */
  readonly cursor: string
}

/** Which entries of a session are read, in the order of their time. */
export interface EntryFilter {
  readonly kinds?: readonly SessionEntryKind[]
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly after?: string | undefined
  readonly limit: number
}

const DEFAULT_LIST = 50
const ENTRY_PLACE = ['number', 'string', 'number'] as const

function timeOf(unixMs: number): string {
  // A driver may give 64-bit integers as texts.
  return new Date(Number(unixMs)).toISOString()
}

function summaryOf(row: SessionRow): SessionSummary {
  return {
    id: row.id,
    principal: { issuer: row.issuer, subject: row.subject },
    firstAt: timeOf(row.first_at_unix_ms),
    lastAt: timeOf(row.last_at_unix_ms),
    signIns: Number(row.sign_ins),
    recordsRead: Number(row.records_read),
    recordsWritten: Number(row.records_written),
    denials: Number(row.denials),
    asks: Number(row.asks),
    replays: Number(row.replays),
  }
}

function storedEntryOf({ kind, content, at_unix_ms, writer, seq }: SessionEntryRow): StoredEntry {
  const cursor = encodeCursor([Number(at_unix_ms), writer, Number(seq)])
  return { kind: kind as SessionEntryKind, event: JSON.parse(content) as SessionEvent, cursor }
}

/** Reads what the index says of sessions. */
export class SessionTable {
  readonly #database: Kysely<Database>

  constructor(database: Kysely<Database>) {
    this.#database = database
  }

  async find(id: string): Promise<SessionSummary | undefined> {
    const row = await this.#database.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
    return row && summaryOf(row)
  }

  /** Sessions, those that went on last first. */
  async list({
    principal,
    topic,
    since,
    until,
    limit = DEFAULT_LIST,
    after,
  }: SessionListQuery): Promise<Page<SessionSummary>> {
    let query = this.#database.selectFrom('sessions').selectAll()
    if (principal !== undefined)
      query = query.where(({ or, and, eb }) => {
        // Neither names nor issuers are kept from holding a slash: each way to read it counts.
        const splits = [...principal.matchAll(/\//g)].map(({ index }) => index)
        const pairs = splits.map((at) =>
          and([eb('issuer', '=', principal.slice(0, at)), eb('subject', '=', principal.slice(at + 1))]),
        )
        return or([eb('subject', '=', principal), ...pairs])
      })
    if (topic !== undefined)
      query = query.where(({ exists, selectFrom, ref }) =>
        exists(
          selectFrom('session_entries')
            .select('seq')
            .where('session_entries.session_id', '=', ref('sessions.id'))
            .where('session_entries.topic', '=', topic),
        ),
      )
    if (since !== undefined) query = query.where('last_at_unix_ms', '>=', Date.parse(since))
    if (until !== undefined) query = query.where('first_at_unix_ms', '<=', Date.parse(until))
    if (after !== undefined) {
      const [lastAt, id] = decodeCursor(after, ['number', 'string']) as readonly [number, string]
      query = query.where(({ or, and, eb }) =>
        or([eb('last_at_unix_ms', '<', lastAt), and([eb('last_at_unix_ms', '=', lastAt), eb('id', '<', id)])]),
      )
    }
    const rows = await query
      .orderBy('last_at_unix_ms', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute()
    const last = rows[limit - 1]
    const items = rows.slice(0, limit).map(summaryOf)
    return rows.length > limit && last !== undefined
      ? { items, next: encodeCursor([Number(last.last_at_unix_ms), last.id]) }
      : { items }
  }

  /** What a session did, in the order of time. */
  async entries(id: string, { kinds, topic, partition, after, limit }: EntryFilter): Promise<Page<StoredEntry>> {
    let query = this.#database.selectFrom('session_entries').selectAll().where('session_id', '=', id)
    if (kinds !== undefined) query = query.where('kind', 'in', kinds)
    if (topic !== undefined) query = query.where('topic', '=', topic)
    if (partition !== undefined) query = query.where('partition', '=', partition)
    if (after !== undefined) {
      const [at, writer, seq] = decodeCursor(after, ENTRY_PLACE) as readonly [number, string, number]
      query = query.where(({ or, and, eb }) =>
        or([
          eb('at_unix_ms', '>', at),
          and([eb('at_unix_ms', '=', at), eb('writer', '>', writer)]),
          and([eb('at_unix_ms', '=', at), eb('writer', '=', writer), eb('seq', '>', seq)]),
        ]),
      )
    }
    const rows = await query
      .orderBy('at_unix_ms')
      .orderBy('writer')
      .orderBy('seq')
      .limit(limit + 1)
      .execute()
    const items = rows.slice(0, limit).map(storedEntryOf)
    const last = items.at(-1)
    return rows.length > limit && last !== undefined ? { items, next: last.cursor } : { items }
  }

  /** One entry by its place. */
  async entryAt(id: string, cursor: string): Promise<StoredEntry> {
    const [, writer, seq] = decodeCursor(cursor, ENTRY_PLACE) as readonly [number, string, number]
    const row = await this.#database
      .selectFrom('session_entries')
      .selectAll()
      .where('session_id', '=', id)
      .where('writer', '=', writer)
      .where('seq', '=', seq)
      .executeTakeFirst()
    if (row === undefined) throw new SessionQueryError('`after` is not one that an answer gave')
    return storedEntryOf(row)
  }
}
