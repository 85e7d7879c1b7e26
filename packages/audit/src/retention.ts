import type { Clock } from '@headgate/core'
import type { AuditEvent } from './event.ts'
import type { AuditFilePort } from './file-port.ts'
import { listSegments, parseEnvelope, type SegmentFile } from './segment-folder.ts'

/** Segments whose time is over. */
export interface RemovableSegments {
  /** To be durable before they are removed. */
  readonly event: AuditEvent
  readonly remove: () => Promise<void>
}

/** What {@link findRemovable} needs. */
export interface RetentionOptions {
  readonly folder: string
  readonly files: AuditFilePort
  readonly clock: Clock
  readonly retentionMs: number
}

const HEAD_BYTES = 4096

/** The number of a segment's first line, which is a checkpoint and so of bounded length. */
async function firstSeq(files: AuditFilePort, { path }: SegmentFile): Promise<number | undefined> {
  const head = await files.read(path, 0, HEAD_BYTES)
  return parseEnvelope(head.toString('utf8').split('\n')[0] ?? '')?.seq
}

/** Finds the segments before `currentNumber` that are older than the retention, the oldest ones without a gap. */
export async function findRemovable(
  { folder, files, clock, retentionMs }: RetentionOptions,
  currentNumber: number,
): Promise<RemovableSegments | undefined> {
  if (retentionMs === Number.POSITIVE_INFINITY) return undefined
  const segments = (await listSegments(files, folder)).filter(({ number }) => number < currentNumber)
  const oldestKept = clock.nowUnixMs() - retentionMs
  const firstKept = segments.findIndex(({ modifiedAtUnixMs }) => modifiedAtUnixMs >= oldestKept)
  // The last one that is whole stays, whatever its age: it tells where the trail goes on.
  const over = segments.slice(0, firstKept === -1 ? segments.length - 1 : firstKept)
  const next = segments[over.length]
  const seq = over.length === 0 || next === undefined ? undefined : await firstSeq(files, next)
  if (seq === undefined) return undefined
  return {
    event: { event: 'audit.removed', segments: over.length, throughSeq: seq - 1 },
    remove: async () => {
      // The oldest first, so that what a failure leaves behind has no gap; it is removed the next time.
      for (const { path } of over) await files.remove(path)
    },
  }
}
