// One table: every event of schema version 1 and its fields.

/** Who acted. */
export interface AuditActor {
  /** The name that the config gives the issuer. */
  readonly issuer: string
  readonly subject: string
  /** Absent where the issuer does not tell groups. */
  readonly groups?: readonly string[]
}

/** Where a connection or request came from. */
export interface AuditSource {
  readonly address: string
  readonly listener?: string
  readonly connection?: number
}

/** What of Kafka an event is about. */
export interface AuditKafka {
  readonly cluster: string
  /** The API as Kafka spells it, such as `Fetch`. */
  readonly api?: string
  readonly apiVersion?: number
  readonly topic?: string
  /** As Kafka prints it: 22 characters of base64url. */
  readonly topicId?: string
  readonly partition?: number
  readonly group?: string
  readonly transactionalId?: string
}

/** What an event may carry besides its own fields. */
export interface AuditContext {
  readonly actor?: AuditActor
  readonly source?: AuditSource
  readonly session?: string
  readonly clientId?: string
  readonly kafka?: AuditKafka
  /** The policy by which was decided. */
  readonly policyRevision?: number
}

/** Records by their offsets. Offsets are decimal text, so that no reader rounds them. */
export interface AuditRange {
  readonly firstOffset: string
  readonly lastOffset: string
  /** The leader epoch of the last batch; -1 where it is unknown. */
  readonly leaderEpoch: number
  readonly batches: number
  /** As the heads of the batches count them. */
  readonly records: number
  /** Of whole batches, as they travelled. */
  readonly bytes: number
  /** SHA-256 in base64url over, for each batch, its base offset (int64) and its CRC (uint32), both big-endian. */
  readonly hash: string
}

/** An approval that an access stands on. */
export interface AuditApproval {
  /** The id of the ask. */
  readonly ask: string
  /** Who approved, as `issuer/subject`. */
  readonly approvedBy?: readonly string[]
}

/** How often something was masked, by the name that the policy gives it. */
export interface AuditMasked {
  readonly field: string
  readonly count: number
}

/** How many events with a code were lost. */
export interface AuditLoss {
  readonly code: string
  readonly count: number
}

/** By what an access was let through, and what was done to its records. */
export interface AuditAccess {
  readonly decision: 'allow'
  readonly ruleIds: readonly string[]
  readonly approvals?: readonly AuditApproval[]
  /** Present, perhaps empty, where masks applied. */
  readonly masked?: readonly AuditMasked[]
  /** Records that were withheld, because they could not be masked. */
  readonly withheld?: number
  /** SHA-256 of the masks that applied; equal digests mask alike. */
  readonly maskDigest?: string
}

/** The gateway serves; written when its trail opens and it has bound its ports. */
export interface GatewayStarted extends AuditContext {
  readonly event: 'gateway.started'
}

/** The gateway ended in order. */
export interface GatewayStopped extends AuditContext {
  readonly event: 'gateway.stopped'
}

/** A trail was opened for writing; `cutBytes` is what a torn last line held, which is lost. */
export interface AuditOpened extends AuditContext {
  readonly event: 'audit.opened'
  /** How the writing before this one ended: `unclosed` may have lost what was not yet durable. */
  readonly previous: 'none' | 'closed'
}

/** A trail was opened whose last writer had not closed it: what was not durable then is lost, its number unknown. */
export interface AuditReopened extends AuditContext {
  readonly event: 'audit.reopened'
  /** The bytes of a torn last line, which was cut off. */
  readonly cutBytes: number
}

/** Events that could not be kept, told as soon as the trail could be written again. */
export interface AuditLost extends AuditContext {
  readonly event: 'audit.lost'
  readonly lost: readonly AuditLoss[]
  /** Events whose recording was refused to whoever asked for it, so that what they tell of did not take place. */
  readonly refused: readonly AuditLoss[]
  readonly since: string
}

/** Segments were removed because their time is over; what is missing at a trail's start is so accounted for. */
export interface AuditRemoved extends AuditContext {
  readonly event: 'audit.removed'
  readonly segments: number
  /** The last sequence number that was removed. */
  readonly throughSeq: number
}

/** A policy came into force. */
export interface PolicyInForce extends AuditContext {
  readonly event: 'policy.in-force'
  readonly digest: string
}

/** How far the policy is in force from here on. */
export interface ModesInForce extends AuditContext {
  readonly event: 'modes.in-force'
  /** The modes as JSON. */
  readonly modes: string
}

/** A policy was refused; the last one stays in force. */
export interface PolicyRefused extends AuditContext {
  readonly event: 'policy.refused'
  readonly reason: string
  readonly problems: number
}

/** A client signed in, or signed in anew on its connection. */
export interface SignInAccepted extends AuditContext {
  readonly event: 'sign-in.accepted' | 're-authentication.accepted'
  readonly mechanism: string
  readonly expires?: string
}

/** A client's sign-in was refused. */
export interface SignInRefused extends AuditContext {
  readonly event: 'sign-in.refused' | 're-authentication.refused'
  readonly mechanism: string
  /** The code of the refusal. */
  readonly reason: string
}

/** The gateway ended a connection. */
export interface ConnectionClosed extends AuditContext {
  readonly event: 'connection.closed'
  /** The code of what ended it. */
  readonly reason: string
}

/** A token or a bundle was issued. */
export interface CredentialIssued extends AuditContext {
  readonly event: 'token.issued' | 'bundle.issued'
  readonly expires?: string
  /** SHA-256 of a bundle. */
  readonly digest?: string
}

/** A token or a bundle was refused. */
export interface CredentialRefused extends AuditContext {
  readonly event: 'token.refused' | 'bundle.refused'
  readonly reason: string
}

/** A session was revoked: its tokens count no more, and its connections have no rights left. `actor` is who revoked it. */
export interface SessionRevoked extends AuditContext {
  readonly event: 'session.revoked'
  readonly session: string
}

/** A part of a request was refused by policy. */
export interface AccessDenied extends AuditContext {
  readonly event: 'access.denied'
  readonly resourceType: string
  readonly resourceName: string
  readonly operation: string
  readonly decision: string
  readonly reason: string
  readonly ruleIds: readonly string[]
  readonly errorCode: number
}

/** A part of a request was let pass by the mode of its resource; everything else is what policy says of it. */
export interface AccessWouldDeny extends AuditContext {
  readonly event: 'access.would-deny'
  readonly resourceType: string
  readonly resourceName: string
  readonly operation: string
  readonly decision: string
  readonly reason: string
  readonly ruleIds: readonly string[]
}

/** A request that changes the cluster was let through: what became of it is the broker's to tell. */
export interface ChangeGranted extends AuditContext {
  readonly event: 'change.granted'
  readonly resourceType: string
  readonly resourceName: string
  readonly operation: string
  readonly decision: 'allow'
  readonly ruleIds: readonly string[]
}

/** Records were delivered to a client. */
export interface RecordsRead extends AuditContext, AuditAccess {
  readonly event: 'records.read'
  readonly range: AuditRange
  /** When the first of them were delivered; `time` is when the last were. */
  readonly since: string
  /** The intents that this is the outcome of, where `audit: required`. */
  readonly intents?: readonly string[]
}

/** Records are about to be delivered; durable before they are. */
export interface ReadIntent extends AuditContext, AuditAccess {
  readonly event: 'records.read-intent'
  readonly intent: string
  readonly range: AuditRange
}

/** An intent came to nothing: its records were not delivered, or not as far as is known. */
export interface IntentVoid extends AuditContext {
  readonly event: 'records.read-void' | 'records.write-void'
  readonly intents: readonly string[]
  readonly reason: string
}

/** Records were written and acknowledged by the broker. */
export interface RecordsWritten extends AuditContext, AuditAccess {
  readonly event: 'records.written'
  readonly range: AuditRange
  readonly since: string
  readonly intents?: readonly string[]
}

/** What a producer sends, before the broker gave it offsets. */
export interface AuditSent {
  readonly batches: number
  readonly records: number
  readonly bytes: number
  /** As in a range, where each batch's base offset is its place among those sent: 0, 1, … */
  readonly hash: string
  readonly producerId?: string
}

/** Records are about to be sent to the broker; durable before they are. */
export interface WriteIntent extends AuditContext, AuditAccess {
  readonly event: 'records.write-intent'
  readonly intent: string
  readonly sent: AuditSent
}

/** The broker refused records. */
export interface WriteRefused extends AuditContext, AuditAccess {
  readonly event: 'records.write-refused'
  readonly sent: AuditSent
  readonly errorCode: number
  readonly intents?: readonly string[]
}

/** Records were sent, and no answer tells whether they were written: none was asked for, or none came. */
export interface WriteUnknown extends AuditContext, AuditAccess {
  readonly event: 'records.write-unknown'
  readonly sent: AuditSent
  readonly reason: string
  readonly intents?: readonly string[]
}

/** A step of an ask. `actor` is who took it: the requester, an approver, or nobody when time did. */
export interface AskStep extends AuditContext {
  readonly event:
    | 'ask.opened'
    | 'ask.reason-given'
    | 'ask.vote'
    | 'ask.approved'
    | 'ask.active'
    | 'ask.denied'
    | 'ask.expired'
    | 'ask.revoked'
    | 'ask.canceled'
  readonly ask: string
  readonly askRevision: number
  readonly protection: string
  readonly operation: string
  readonly requester: AuditActor
  /** What the person who took the step wrote. */
  readonly reason?: string
  readonly approvedBy?: readonly string[]
  readonly starts?: string
  readonly ends?: string
}

/** Somebody asked the trail a question. */
export interface AuditQueried extends AuditContext {
  readonly event: 'audit.queried'
  readonly query: string
  /** The events of the answer. */
  readonly count: number
}

/** A question to the trail was refused. */
export interface AuditQueryRefused extends AuditContext {
  readonly event: 'audit.query-refused'
  readonly query: string
  readonly reason: string
}

/** Somebody saw again what a session saw. */
export interface SessionReplayed extends AuditContext, AuditAccess {
  readonly event: 'session.replayed'
  readonly replayedSession: string
  readonly range: AuditRange
}

/** An event of schema version 1, as it is given to a writer. */
export type AuditEvent =
  | GatewayStarted
  | GatewayStopped
  | AuditOpened
  | AuditReopened
  | AuditLost
  | AuditRemoved
  | PolicyInForce
  | PolicyRefused
  | ModesInForce
  | SignInAccepted
  | SignInRefused
  | ConnectionClosed
  | CredentialIssued
  | CredentialRefused
  | SessionRevoked
  | AccessDenied
  | AccessWouldDeny
  | ChangeGranted
  | RecordsRead
  | ReadIntent
  | IntentVoid
  | RecordsWritten
  | WriteIntent
  | WriteRefused
  | WriteUnknown
  | AskStep
  | AuditQueried
  | AuditQueryRefused
  | SessionReplayed

/** The name of an event. */
export type AuditEventName = AuditEvent['event']

/** What the writer adds to every event. */
export interface AuditEnvelope {
  /** The version of the schema. */
  readonly v: 1
  /** The number of the line in its writer's trail: 1, 2, 3 … without a gap. */
  readonly seq: number
  /** SHA-256 in base64url of the line before. */
  readonly prev: string
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string
  readonly code: string
  readonly uid: string
  /** The trail: one folder at one gateway, for good. */
  readonly writer: string
  /** The gateway, as its config names it. */
  readonly gateway: string
}

/** An event as it stands in a segment. */
export type RecordedEvent = AuditEnvelope & AuditEvent

/** A signed line of the chain: everything before it is as it was when it was signed. */
export interface AuditCheckpoint extends Omit<AuditEnvelope, 'uid'> {
  readonly event: 'audit.checkpoint'
  /** The number of the segment that it stands in. */
  readonly segment: number
  readonly why: 'opened' | 'interval' | 'idle' | 'rotated' | 'closed'
  /** The key that signed it: its RFC 7638 thumbprint. */
  readonly kid: string
  readonly sig: string
}
