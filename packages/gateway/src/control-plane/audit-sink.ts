import { type AuditEvent, AuditUnavailableError } from '@headgate/audit'

/** Where the control plane tells what took place. */
export interface AuditSink {
  /** Whether there is a trail behind it. */
  readonly keepsTrail: boolean
  /** Takes an event; never throws. What cannot be kept is counted, and told. */
  append(event: AuditEvent): void
  /**
   * Resolves when events are on record.
   *
   * @throws {AuditUnavailableError} `ERR_AUDIT_UNAVAILABLE`
   */
  record(events: readonly AuditEvent[]): Promise<void>
}

/** The sink of a gateway without a trail: keeps nothing, and refuses what must be on record. */
export const noTrail: AuditSink = Object.freeze({
  keepsTrail: false,
  append: () => {},
  record: () => Promise.reject(new AuditUnavailableError({ message: 'trail: the config has no `audit`' })),
})
