import type { AuditCheckpoint, AuditEventName, RecordedEvent } from '@headgate/audit'
import type { SessionEntryRow } from '../../store/database.ts'

/** What an entry of a session is. An intent is one whose outcome is not known, or not yet. */
export type SessionEntryKind =
  | 'sign-in'
  | 'closed'
  | 'read'
  | 'read-intent'
  | 'write'
  | 'write-intent'
  | 'denial'
  | 'ask'
  | 'replay'

const KINDS: Readonly<Partial<Record<AuditEventName | AuditCheckpoint['event'], SessionEntryKind>>> = Object.freeze({
  'sign-in.accepted': 'sign-in',
  're-authentication.accepted': 'sign-in',
  're-authentication.refused': 'closed',
  'connection.closed': 'closed',
  'access.denied': 'denial',
  'records.read': 'read',
  'records.read-intent': 'read-intent',
  'records.written': 'write',
  'records.write-refused': 'write',
  'records.write-unknown': 'write',
  'records.write-intent': 'write-intent',
  'ask.opened': 'ask',
  'session.replayed': 'replay',
})

/** An event without what only the chain needs. */
export type SessionEvent = Omit<RecordedEvent, 'v' | 'prev'> & RecordedEvent

/** What becomes of an event in the index. */
export interface SessionEntry {
  readonly row: SessionEntryRow
  readonly issuer: string
  readonly subject: string
  readonly lastAtUnixMs: number
}

function contentOf(event: RecordedEvent): string {
  const { v: _v, prev: _prev, ...content } = event
  return JSON.stringify(content)
}

/** The entry of an event; `undefined` where it belongs to no session. A replay belongs to the session that was looked at. */
export function sessionEntryOf(event: RecordedEvent | AuditCheckpoint): SessionEntry | undefined {
  const kind = KINDS[event.event]
  if (kind === undefined || event.event === 'audit.checkpoint') return undefined
  const session = event.event === 'session.replayed' ? event.replayedSession : event.session
  const { actor, kafka } = event
  // A replay is no act of the session's own principal.
  const who = event.event === 'session.replayed' ? undefined : actor
  if (session === undefined || session === '' || (who === undefined && kind !== 'replay')) return undefined
  const at = Date.parse('since' in event ? event.since : event.time)
  const row = {
    ...{ writer: event.writer, seq: event.seq, session_id: session, kind, at_unix_ms: at },
    topic: kafka?.topic ?? null,
    partition: kafka?.partition ?? null,
    intent: 'intent' in event ? event.intent : null,
    content: contentOf(event),
  }
  return { row, issuer: who?.issuer ?? '', subject: who?.subject ?? '', lastAtUnixMs: Date.parse(event.time) }
}

/** The intents that an event is the outcome of, or that came to nothing. */
export function settledIntents(event: RecordedEvent | AuditCheckpoint): readonly string[] {
  return 'intents' in event ? (event.intents ?? []) : []
}

/** How many records an entry moved, as the heads of their batches count them. */
export function recordsOf(event: RecordedEvent | AuditCheckpoint): { readonly read: number; readonly written: number } {
  if (event.event === 'records.read') return { read: event.range.records, written: 0 }
  return { read: 0, written: event.event === 'records.written' ? event.range.records : 0 }
}
