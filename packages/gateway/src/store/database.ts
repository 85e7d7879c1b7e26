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

/** The tables of the store. */
export interface Database {
  readonly asks: AskRow
}
