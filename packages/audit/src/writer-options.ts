import { type Clock, systemClock } from '@headgate/core'
import type { AuditSigningKey } from './checkpoint.ts'
import type { AuditFilePort } from './file-port.ts'
import { nodeFiles } from './node-files.ts'

/** What {@link openAuditWriter} needs. */
export interface AuditWriterOptions {
  /** One folder for each gateway. */
  readonly folder: string
  /** The gateway's name, which every line bears. */
  readonly gateway: string
  readonly key: AuditSigningKey
  readonly clock?: Clock
  readonly files?: AuditFilePort
  /** A segment is ended when it is as large or as old as this. 64 MiB and 24 hours by default. */
  readonly maxSegmentBytes?: number
  readonly maxSegmentAgeMs?: number
  /** Events are signed after this time at the latest. 10 seconds by default. */
  readonly checkpointMs?: number
  /** Without events a checkpoint is signed this often, so that silence can be proved. 60 seconds by default. */
  readonly idleCheckpointMs?: number
  /** Events that nobody waits for are written this often. 100 milliseconds by default. */
  readonly flushMs?: number
  /** Bounds what waits to be written. 16 MiB by default. */
  readonly maxPendingBytes?: number
  /** Segments that are older are removed, after the trail told of it. By default they are kept for good. */
  readonly retentionMs?: number
  /** Called when the trail cannot be written any more, and when it can again. */
  readonly onAvailability?: (isAvailable: boolean, cause: unknown) => void
}

/** The options with what was left out. */
export type WriterSettings = Required<AuditWriterOptions>

/** What options that are left out stand for. */
export const writerDefaults: Readonly<Omit<WriterSettings, 'folder' | 'gateway' | 'key'>> = Object.freeze({
  clock: systemClock,
  files: nodeFiles,
  maxSegmentBytes: 64 * 1024 * 1024,
  maxSegmentAgeMs: 24 * 3_600_000,
  checkpointMs: 10_000,
  idleCheckpointMs: 60_000,
  flushMs: 100,
  maxPendingBytes: 16 * 1024 * 1024,
  retentionMs: Number.POSITIVE_INFINITY,
  onAvailability: (): void => {},
})
