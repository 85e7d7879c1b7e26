// Test fixture: lines of a trail, as the index takes them in.
import type { AuditCheckpoint, AuditContext, AuditEvent, AuditRange, RecordedEvent } from '@headgate/audit'

/** The first moment of a test's trail. */
export const START_UNIX_MS = 1_764_000_000_000

let lastSeq = 0

/** A moment of a test's trail. */
export function timeAt(seconds: number): string {
  return new Date(START_UNIX_MS + seconds * 1_000).toISOString()
}

/** Makes a line of an event; each gets the next number. */
export function lineOf(event: AuditEvent, seconds: number, writer = 'w-1'): RecordedEvent {
  lastSeq += 1
  const chain = {
    v: 1,
    seq: lastSeq,
    prev: 'p',
    code: 'K0000I',
    uid: `u-${lastSeq}`,
    writer,
    gateway: 'gate-1',
  } as const
  return { ...chain, time: timeAt(seconds), ...event }
}

/** A checkpoint, which no session has a part in. */
export const CHECKPOINT: AuditCheckpoint = {
  ...{ v: 1, seq: 999_999, prev: 'p', code: 'K1000I', writer: 'w-1', gateway: 'gate-1', time: timeAt(0) },
  ...{ event: 'audit.checkpoint', segment: 0, why: 'interval', kid: 'k', sig: 's' },
}

/** What all events of a session say. */
export function contextOf(session: string, subject = 'orders', connection = 1): AuditContext {
  return {
    actor: { issuer: 'corp', subject, groups: ['g'] },
    source: { address: '10.0.0.1', listener: 'bootstrap', connection },
    session,
    clientId: 'app',
  }
}

/** A range of records. */
export function rangeOf(firstOffset: number, lastOffset: number, changes: Partial<AuditRange> = {}): AuditRange {
  const records = lastOffset - firstOffset + 1
  const counts = { leaderEpoch: 0, batches: 1, records, bytes: records * 100, hash: 'h' }
  return { firstOffset: String(firstOffset), lastOffset: String(lastOffset), ...counts, ...changes }
}

/** A read of a topic. */
export function readOf(session: string, topic: string, since: number, range: AuditRange): AuditEvent {
  const kafka = { cluster: 'main', topic, topicId: 'tid', partition: 0 }
  return {
    event: 'records.read',
    ...contextOf(session),
    ...{ kafka, decision: 'allow', ruleIds: ['r'], range, since: timeAt(since) },
  }
}
