import { type AuditFilePort, type AuditWriter, nodeFiles, openAuditWriter } from '@headgate/audit'
import type { Clock, LogPort } from '@headgate/core'
import type { AuditConfig } from '../config/gateway-config.ts'
import type { AuditSink } from './audit-sink.ts'
import { CheckpointCopy } from './checkpoint-copy.ts'

/** The trail of a running gateway. */
export interface AuditTrail extends AuditSink {
  readonly folder: string
  readonly files: AuditFilePort
  readonly writer: AuditWriter
  /** Signs the last checkpoint and gives the folder free; what could not be written is logged. */
  close(): Promise<void>
}

/** What {@link openAuditTrail} needs. */
export interface AuditTrailOptions {
  readonly audit: AuditConfig
  readonly log: LogPort
  readonly clock: Clock
  /** Where the trail is written; a test lets it fail. */
  readonly files?: AuditFilePort
}

function logAvailability(log: LogPort, folder: string): (isAvailable: boolean, cause: unknown) => void {
  return (isAvailable, cause) => {
    if (isAvailable) {
      log.info({ event: 'audit', path: folder }, 'the audit trail can be written again')
      return
    }
    const { code: reason = 'unknown' } = (cause ?? {}) as NodeJS.ErrnoException
    const fields = { event: 'audit', code: 'ERR_AUDIT_UNAVAILABLE', reason, path: folder }
    log.error(fields, 'the audit trail cannot be written: what must be on record is refused')
  }
}

/**
 * Opens the trail that the config names.
 *
 * @throws {HeadgateError} `ERR_AUDIT_FOLDER_IN_USE`, `ERR_AUDIT_FOLDER_DAMAGED`
 */
export async function openAuditTrail({ audit, log, clock, files = nodeFiles }: AuditTrailOptions): Promise<AuditTrail> {
  const { folder, gateway, checkpointKey: key, checkpointCopy, retentionMs } = audit
  const onAvailability = logAvailability(log, folder)
  const writer = await openAuditWriter({ folder, gateway, key, clock, files, retentionMs, onAvailability })
  const copy = checkpointCopy === undefined ? undefined : new CheckpointCopy(checkpointCopy, log)
  const copyNewest = (): void => copy?.take(writer.newestCheckpoint)
  writer.onDurable(copyNewest)
  copyNewest()
  log.info({ event: 'audit', path: folder, kid: key.thumbprint }, 'audit trail opened')
  return {
    keepsTrail: true,
    folder,
    files,
    writer,
    append: (event) => writer.append(event),
    record: (events) => writer.record(events),
    close: async () => {
      await writer.close().catch(() => {
        log.error({ event: 'audit', code: 'ERR_AUDIT_UNAVAILABLE', path: folder }, 'the last events are not on record')
      })
      copyNewest()
      await copy?.settled()
    },
  }
}
