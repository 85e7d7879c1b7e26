import type { AuditCheckpoint, RecordedEvent } from '@headgate/audit'
import type { AuditEventRow, AuditOutcomeRow } from '../../store/database.ts'

/** The rows that lines of a trail become. Checkpoints are for verifiers, not for questions. */
export interface TrailRows {
  readonly events: readonly AuditEventRow[]
  readonly outcomes: readonly AuditOutcomeRow[]
  /** Everything up to this line was removed with its segment. */
  readonly removedThroughSeq: number
}

function rowOf(line: RecordedEvent): AuditEventRow {
  // What chains lines is for verifiers; it would be a third of each row.
  const { prev: _prev, ...content } = line
  const { actor, kafka, session } = line
  const range = 'range' in line ? line.range : undefined
  const approvals = 'approvals' in line ? (line.approvals?.length ?? 0) : 0
  return {
    writer: line.writer,
    seq: line.seq,
    time: line.time,
    since: 'since' in line ? line.since : line.time,
    event: line.event,
    issuer: actor?.issuer ?? null,
    subject: actor?.subject ?? null,
    session: session ?? null,
    topic: kafka?.topic ?? null,
    partition: kafka?.partition ?? null,
    first_offset: range === undefined ? null : BigInt(range.firstOffset),
    last_offset: range === undefined ? null : BigInt(range.lastOffset),
    approvals,
    intent: 'intent' in line ? line.intent : null,
    content: JSON.stringify(content),
  }
}

/** Makes rows of lines. */
export function trailRowsOf(lines: readonly (RecordedEvent | AuditCheckpoint)[]): TrailRows {
  const events = lines.flatMap((line) => (line.event === 'audit.checkpoint' ? [] : [line]))
  const outcomes = events.flatMap((line) => {
    const intents = 'intents' in line ? (line.intents ?? []) : []
    return intents.map((intent) => ({ intent, writer: line.writer, seq: line.seq }))
  })
  const removed = events.map((line) => (line.event === 'audit.removed' ? line.throughSeq : 0))
  return { events: events.map(rowOf), outcomes, removedThroughSeq: Math.max(0, ...removed) }
}
