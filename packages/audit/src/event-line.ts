import { hash } from 'node:crypto'
import type {
  AuditActor,
  AuditApproval,
  AuditEvent,
  AuditKafka,
  AuditLoss,
  AuditMasked,
  AuditRange,
  AuditSent,
  AuditSource,
} from './event.ts'
import { auditCodes } from './event-codes.ts'

type KeysOf<Union> = Union extends unknown ? keyof Union : never
type Part = AuditActor | AuditSource | AuditKafka | AuditRange | AuditSent | AuditApproval | AuditMasked | AuditLoss

// INVARIANT: each key of an event and of its parts and no other, in the order in which they are written; the compiler holds
// the table complete. What a type assertion elsewhere brings in besides is not written.
const KEYS: Readonly<Record<KeysOf<AuditEvent | Part> | 'time' | 'code' | 'uid', true>> = Object.freeze({
  time: true,
  code: true,
  event: true,
  uid: true,
  session: true,
  actor: true,
  issuer: true,
  subject: true,
  groups: true,
  source: true,
  address: true,
  listener: true,
  connection: true,
  clientId: true,
  kafka: true,
  cluster: true,
  api: true,
  apiVersion: true,
  topic: true,
  topicId: true,
  partition: true,
  group: true,
  transactionalId: true,
  policyRevision: true,
  resourceType: true,
  resourceName: true,
  operation: true,
  decision: true,
  reason: true,
  ruleIds: true,
  errorCode: true,
  intent: true,
  intents: true,
  since: true,
  range: true,
  firstOffset: true,
  lastOffset: true,
  leaderEpoch: true,
  sent: true,
  batches: true,
  records: true,
  bytes: true,
  hash: true,
  producerId: true,
  approvals: true,
  ask: true,
  askRevision: true,
  protection: true,
  requester: true,
  approvedBy: true,
  starts: true,
  ends: true,
  masked: true,
  field: true,
  count: true,
  withheld: true,
  maskDigest: true,
  mechanism: true,
  expires: true,
  digest: true,
  problems: true,
  modes: true,
  previous: true,
  cutBytes: true,
  lost: true,
  refused: true,
  segments: true,
  throughSeq: true,
  query: true,
  replayedSession: true,
})
const WRITTEN: string[] = Object.keys(KEYS)

/** The keys that an event and its parts may hold, in the order in which they are written. */
export const auditKeys: readonly string[] = Object.freeze(WRITTEN.slice())

/** What stands in the first line for the hash of the line before it. */
export const NO_LINE: string = 'A'.repeat(43)

/** Gives an event's own part of its line: a JSON object with the known keys alone. */
export function encodeEvent(event: AuditEvent, time: string, uid: string): string {
  return JSON.stringify({ time, code: auditCodes[event.event], uid, ...event }, WRITTEN)
}

/** Gives the hash of a line, without its line feed: what the next line holds as `prev`. */
export function hashLine(line: string | Buffer): string {
  return hash('sha256', line, 'base64url')
}
