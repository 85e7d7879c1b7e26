/** A value that a statement takes or gives. */
export type SqliteValue = string | number | bigint | null | Uint8Array

/** What the worker is started with. */
export interface SqliteWorkerData {
  /** The file; `:memory:` for none. */
  readonly path: string
}

/** A statement to carry out. */
export interface SqliteRequest {
  readonly id: number
  /** `undefined` closes the database and ends the worker. */
  readonly sql: string | undefined
  readonly parameters: readonly SqliteValue[]
}

/** What came of a statement, or of opening (`id` 0). */
export type SqliteReply =
  | {
      readonly id: number
      readonly ok: true
      readonly rows: readonly Readonly<Record<string, SqliteValue>>[]
      readonly changes: bigint
    }
  | { readonly id: number; readonly ok: false; readonly reason: string }
