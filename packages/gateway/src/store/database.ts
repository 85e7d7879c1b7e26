/** A row of `asks`. Times are milliseconds since the Unix epoch, which both engines keep as 64-bit integers. */
export interface AskRow {
  readonly id: string
  /** Compared and set by each step. */
  readonly revision: number
  readonly state: string
  readonly issuer: string
  readonly subject: string
  readonly protection: string
  readonly topic: string
  readonly operation: string
  /** SHA-256 over the five above: what is unique is unique by it. */
  readonly scope_digest: string
  /** Counts the asks of a scope; the one with the greatest is the newest. */
  readonly generation: number
  readonly created_at_unix_ms: number
  /** When time moves the ask on; null when it has ended. */
  readonly due_at_unix_ms: number | null
  /** The last step that is on the audit record. */
  readonly recorded_revision: number
  /** Everything else, as JSON. */
  readonly content: string
}

/** A row of `sessions`: who, from when until when, and how much. */
export interface SessionRow {
  readonly id: string
  readonly issuer: string
  readonly subject: string
  readonly first_at_unix_ms: number
  readonly last_at_unix_ms: number
  readonly sign_ins: number
  readonly records_read: number
  readonly records_written: number
  readonly denials: number
  readonly asks: number
  readonly replays: number
}

/** A row of `session_entries`: an event of the trail that belongs to a session. */
export interface SessionEntryRow {
  readonly writer: string
  readonly seq: number
  readonly session_id: string
  readonly kind: string
  /** Of a range: when the first of it was delivered or sent. */
  readonly at_unix_ms: number
  readonly topic: string | null
  readonly partition: number | null
  /** Of an intent: its id, until its outcome is known. */
  readonly intent: string | null
  /** The event, as JSON. */
  readonly content: string
}

/** A row of `masks`: what a digest in the trail stands for. */
export interface MaskRow {
  readonly digest: string
  readonly first_seen_unix_ms: number
  /** The obligation, as JSON. */
  readonly content: string
}

/** A row of `audit_events`: a line of a trail, with what questions are asked by. */
export interface AuditEventRow {
  readonly writer: string
  readonly seq: number
  /** RFC 3339, UTC, milliseconds, so that they compare as texts. */
  readonly time: string
  /** The begin of what the event tells of; `time` where it tells of a moment. */
  readonly since: string
  readonly event: string
  readonly issuer: string | null
  readonly subject: string | null
  readonly session: string | null
  readonly topic: string | null
  readonly partition: number | null
  readonly first_offset: bigint | number | null
  readonly last_offset: bigint | number | null
  /** How many approvals the access stood on. */
  readonly approvals: number
  /** The intent that the event tells of, where its outcome is still to come. */
  readonly intent: string | null
  /** The event, as JSON. */
  readonly content: string
}

/** A row of `audit_outcomes`: an intent whose outcome is known. */
export interface AuditOutcomeRow {
  readonly intent: string
  readonly writer: string
  readonly seq: number
}

/** A row of `audit_cursors`: how far the segments of a folder have been read. */
export interface AuditCursorRow {
  readonly folder: string
  readonly segment: number
  readonly position: number
}

/** A row of `revoked_sessions`: until then a token of it may be about. */
export interface RevokedSessionRow {
  readonly session_id: string
  readonly until_unix_ms: number
}

/** A row of `spent_tokens`: what may be exchanged once, and has been. */
export interface SpentTokenRow {
  /** SHA-256 over the issuer and the id that it gave the token or the assertion. */
  readonly digest: string
  readonly until_unix_ms: number
}

/** A row of `refused_tokens`: a session of this token was revoked, and it begins no other. */
export interface RefusedTokenRow {
  readonly digest: string
  /** Its end. */
  readonly until_unix_ms: number
}

/** A row of `seen_accesses`: something that a client was let do, and when it first and last was. */
export interface SeenAccessRow {
  readonly issuer: string
  readonly subject: string
  readonly client_id: string
  readonly resource_type: string
  readonly operation: number
  readonly name: string
  readonly first_at_unix_ms: number
  readonly last_at_unix_ms: number
  /** Numbers as JSON; bounded. */
  readonly partitions: string
  /** As JSON; empty where it passed by a mode. */
  readonly rule_ids: string
}

/** A row of `seen_rules`: since when a rule of this id has been in force, perhaps with breaks. */
export interface SeenRuleRow {
  readonly rule_id: string
  readonly first_at_unix_ms: number
}

/** The row of `seen_since`: from when on accesses have been kept. */
export interface SeenSinceRow {
  readonly at_unix_ms: number
}

/** The tables of the store. */
export interface Database {
  readonly asks: AskRow
  readonly sessions: SessionRow
  readonly session_entries: SessionEntryRow
  readonly masks: MaskRow
  readonly audit_events: AuditEventRow
  readonly audit_outcomes: AuditOutcomeRow
  readonly audit_cursors: AuditCursorRow
  readonly revoked_sessions: RevokedSessionRow
  readonly spent_tokens: SpentTokenRow
  readonly refused_tokens: RefusedTokenRow
  readonly seen_accesses: SeenAccessRow
  readonly seen_rules: SeenRuleRow
  readonly seen_since: SeenSinceRow
}
