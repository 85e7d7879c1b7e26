import { join } from 'node:path'
import type { AuditCheckpoint, RecordedEvent } from './event.ts'
import type { AuditFilePort } from './file-port.ts'
import { nodeFiles } from './node-files.ts'
import { listSegments, parseEnvelope, segmentName } from './segment-folder.ts'

/** A place between two lines of a trail. */
export interface TrailCursor {
  /** The number of the segment. */
  readonly segment: number
  /** Bytes from its start. */
  readonly position: number
}

/** Lines of a trail, and where the next ones are. */
export interface TrailPart {
  readonly lines: readonly (RecordedEvent | AuditCheckpoint)[]
  readonly next: TrailCursor
}

/** Where a trail begins. */
export const TRAIL_START: TrailCursor = Object.freeze({ segment: 0, position: 0 })

const LINE_FEED = 10
const DEFAULT_BYTES = 1024 * 1024

function linesOf(bytes: Buffer): (RecordedEvent | AuditCheckpoint)[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((text) => {
      const line = text === '' ? undefined : parseEnvelope(text)
      return line === undefined ? [] : [line as unknown as RecordedEvent | AuditCheckpoint]
    })
}

/** What {@link readTrail} may be told. */
export interface ReadTrailOptions {
  readonly files?: AuditFilePort
  /** About how much is read at once. */
  readonly maxBytes?: number
  /** Nothing behind it is read: a writer's `durableEnd`. */
  readonly until?: TrailCursor
}

/**
 * Reads whole lines from a place on, about `maxBytes` bytes of them; nothing but the lines' form is checked.
 *
 * Gives no lines, and the same place, when there are none behind it yet.
 */
export async function readTrail(
  folder: string,
  from: TrailCursor,
  { files = nodeFiles, maxBytes = DEFAULT_BYTES, until }: ReadTrailOptions = {},
): Promise<TrailPart> {
  // Whoever follows a trail is in its newest segment nearly always: no folder has to be listed for that.
  if (until !== undefined && from.segment === until.segment) {
    const path = join(folder, segmentName(from.segment))
    return from.position < until.position ? await readPart(files, path, from, until.position, maxBytes) : nothing(from)
  }
  for (const { number, path, bytes: fileBytes } of await listSegments(files, folder)) {
    const bytes = until?.segment === number ? Math.min(until.position, fileBytes) : fileBytes
    if (until !== undefined && number > until.segment) break
    const position = number === from.segment ? from.position : 0
    if (number < from.segment || position >= bytes) continue
    const part = await readPart(files, path, { segment: number, position }, bytes, maxBytes)
    if (part.lines.length > 0) return part
  }
  return nothing(from)
}

function nothing(at: TrailCursor): TrailPart {
  return { lines: [], next: at }
}

/** Reads whole lines of one segment, of which `end` bytes may be read. */
async function readPart(
  files: AuditFilePort,
  path: string,
  { segment, position }: TrailCursor,
  end: number,
  maxBytes: number,
): Promise<TrailPart> {
  for (let size = maxBytes; ; size *= 2) {
    const part = await files.read(path, position, Math.min(size, end - position))
    const lineEnd = part.lastIndexOf(LINE_FEED) + 1
    if (lineEnd > 0)
      return { lines: linesOf(part.subarray(0, lineEnd)), next: { segment, position: position + lineEnd } }
    if (part.length < size) return nothing({ segment, position })
  }
}
