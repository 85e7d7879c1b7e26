import type { AuditEvent } from './event.ts'

/** Writes the trail of one gateway. */
export interface AuditWriter {
  /** The id of the trail. */
  readonly writer: string
  /** The newest checkpoint, as the line that stands in its segment. */
  readonly newestCheckpoint: string | undefined
  /**
   * Takes an event that may become durable a moment later.
   *
   * Never throws. What the buffer cannot hold is counted, and told by an `audit.lost` event.
   */
  append(event: AuditEvent): void
  /**
   * Resolves when the events are durable, in this order.
   *
   * @throws {AuditUnavailableError} `ERR_AUDIT_UNAVAILABLE` when they cannot be made durable now.
   */
  record(events: readonly AuditEvent[]): Promise<void>
  /** Resolves when everything that was taken before is durable, or counted as lost. */
  flush(): Promise<void>
  /** Calls `listener` whenever more lines have become durable; the function returned ends that. */
  onDurable(listener: () => void): () => void
  /** Makes everything durable, signs the last checkpoint, and ends. */
  close(): Promise<void>
}
