import type { AuditCheckpoint, RecordedEvent } from '@headgate/audit'
import type { Insertable, Transaction } from 'kysely'
import type { Database, SessionRow } from '../../store/database.ts'
import { recordsOf, type SessionEntry, sessionEntryOf, settledIntents } from './session-entry.ts'

type Line = RecordedEvent | AuditCheckpoint
type Summary = { -readonly [Key in keyof SessionRow]: SessionRow[Key] }

const COUNTS = ['sign_ins', 'records_read', 'records_written', 'denials', 'asks', 'replays'] as const

function emptySummary({ row }: SessionEntry): Summary {
  return {
    ...{ id: row.session_id, issuer: '', subject: '' },
    ...{ first_at_unix_ms: Number.MAX_SAFE_INTEGER, last_at_unix_ms: 0 },
    ...{ sign_ins: 0, records_read: 0, records_written: 0, denials: 0, asks: 0, replays: 0 },
  }
}

/** Counts an entry. Whoever looks at a session again is not who it was, and does not prolong it. */
function count(summary: Summary, { row, issuer, subject, lastAtUnixMs }: SessionEntry, line: Line): void {
  if (row.kind === 'replay') {
    summary.replays += 1
    return
  }
  const { read, written } = recordsOf(line)
  summary.records_read += read
  summary.records_written += written
  if (row.kind === 'sign-in') summary.sign_ins += 1
  if (row.kind === 'denial') summary.denials += 1
  if (row.kind === 'ask') summary.asks += 1
  Object.assign(summary, { issuer, subject })
  summary.first_at_unix_ms = Math.min(summary.first_at_unix_ms, row.at_unix_ms)
  summary.last_at_unix_ms = Math.max(summary.last_at_unix_ms, lastAtUnixMs)
}

/**
 * Takes lines of a writer's trail in, within the transaction in which the index over the trail moves on.
 *
 * INVARIANT: sessions say nothing that is not in a trail, and taking a line in twice is taking it in once: an entry is known by
 * the writer and the number of its line, and sessions count new entries alone.
 */
export async function takeSessions(
  transaction: Transaction<Database>,
  writer: string,
  lines: readonly Line[],
): Promise<void> {
  await takeEntries(transaction, lines)
  const settled = lines.flatMap(settledIntents)
  if (settled.length > 0) await transaction.deleteFrom('session_entries').where('intent', 'in', settled).execute()
  for (const line of lines)
    if (line.event === 'audit.removed') await removeThrough(transaction, writer, line.throughSeq)
}

async function takeEntries(transaction: Transaction<Database>, lines: readonly Line[]): Promise<void> {
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
    count(summary, entry, line)
  }
  for (const summary of summaries.values()) {
    if (summary.subject === '') await addReplays(transaction, summary)
    else await addSummary(transaction, summary)
  }
}

/** Of a session that the trail has given up there is nothing to add to. */
async function addReplays(transaction: Transaction<Database>, { id, replays }: Summary): Promise<void> {
  await transaction
    .updateTable('sessions')
    .set(({ eb, ref }) => ({ replays: eb(ref('replays'), '+', replays) }))
    .where('id', '=', id)
    .execute()
}

async function addSummary(transaction: Transaction<Database>, summary: Insertable<SessionRow>): Promise<void> {
  await transaction
    .insertInto('sessions')
    .values(summary)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(({ ref, eb }) => ({
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
        ...Object.fromEntries(COUNTS.map((name) => [name, eb(ref(`sessions.${name}`), '+', ref(`excluded.${name}`))])),
      })),
    )
    .execute()
}

/** What the trail has given up for its age is not kept here either. */
async function removeThrough(transaction: Transaction<Database>, writer: string, throughSeq: number): Promise<void> {
  await transaction.deleteFrom('session_entries').where('writer', '=', writer).where('seq', '<=', throughSeq).execute()
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
