import type { AuditEvent } from './event.ts'
import type { TrailCursor } from './read-events.ts'

/** Writes the trail of one gateway. */
export interface AuditWriter {
  /** The id of the trail. */
  readonly writer: string
  /** Whether the last attempt to write succeeded. */
  readonly isAvailable: boolean
  /** The newest checkpoint, as the line that stands in its segment: keep it elsewhere, and no one can cut the trail short. */
  readonly newestCheckpoint: string | undefined
  /** Behind the last durable line: what stands in a segment behind it may yet be taken back. */
  readonly durableEnd: TrailCursor
  /**
   * Takes an event that becomes durable a moment later.
   *
   * Never throws. What the buffer cannot hold is counted, and told by an `audit.lost` event.
   */
  append(event: AuditEvent): void
  /**
   * Resolves when the events are durable, in this order; all that waits at once becomes durable by one write.
   *
   * @throws {AuditUnavailableError} `ERR_AUDIT_UNAVAILABLE` when they cannot be made durable now.
   */
  record(events: readonly AuditEvent[]): Promise<void>
  /** Resolves when everything that was taken before is durable, or is known not to be. */
  flush(): Promise<void>
  /** Calls `listener` whenever more lines have become durable; the function returned ends that. */
  onDurable(listener: () => void): () => void
  /**
   * Makes everything durable, signs the last checkpoint, and gives the folder free.
   *
   * @throws {AuditUnavailableError} `ERR_AUDIT_UNAVAILABLE` when the last events could not be written.
   */
  close(): Promise<void>
}
