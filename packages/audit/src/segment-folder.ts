import { join } from 'node:path'
import { AuditFolderDamagedError } from './errors.ts'
import type { AuditEnvelope } from './event.ts'
import { hashLine, NO_LINE } from './event-line.ts'
import type { AuditFilePort } from './file-port.ts'

/** A segment of a trail. */
export interface SegmentFile {
  readonly name: string
  readonly path: string
  readonly number: number
  readonly bytes: number
  readonly modifiedAtUnixMs: number
}

/** Where a trail goes on. */
export interface TrailEnd {
  /** Absent in a new folder. */
  readonly writer: string | undefined
  readonly seq: number
  /** The hash of the last line. */
  readonly prev: string
  readonly segmentNumber: number
  /** Whether the last line is the checkpoint of an orderly end. */
  readonly isClosed: boolean
  /** The bytes of a torn last line, which has been cut off. */
  readonly cutBytes: number
}

const NAME = /^segment-(\d{10})\.jsonl$/
const LINE_FEED = 10
const FIRST_READ_BYTES = 64 * 1024

/** The name of a segment's file; names sort as the segments follow each other. */
export function segmentName(number: number): string {
  return `segment-${String(number).padStart(10, '0')}.jsonl`
}

/** Lists the segments of a folder in their order; other files are not looked at. */
export async function listSegments(files: AuditFilePort, folder: string): Promise<readonly SegmentFile[]> {
  const segments = (await files.list(folder)).flatMap(({ name, bytes, modifiedAtUnixMs }) => {
    const [, number] = NAME.exec(name) ?? []
    if (number === undefined) return []
    return [{ name, path: join(folder, name), number: Number(number), bytes, modifiedAtUnixMs }]
  })
  return segments.sort((one, other) => one.number - other.number)
}

interface Tail {
  /** The last whole line, without its line feed; `undefined` where there is none. */
  readonly line: Buffer | undefined
  readonly cutBytes: number
}

/** Reads from the end backwards, in larger and larger parts, until the last whole line is there. */
async function readTail(files: AuditFilePort, { path, bytes }: SegmentFile): Promise<Tail> {
  for (let size = FIRST_READ_BYTES; ; size *= 4) {
    const start = Math.max(0, bytes - size)
    const part = await files.read(path, start, bytes - start)
    const end = part.lastIndexOf(LINE_FEED)
    const before = end <= 0 ? -1 : part.lastIndexOf(LINE_FEED, end - 1)
    if (end === -1 && start === 0) return { line: undefined, cutBytes: bytes }
    if (end !== -1 && (before !== -1 || start === 0))
      return { line: part.subarray(before + 1, end), cutBytes: part.length - end - 1 }
  }
}

/** Reads the parts of a line that every line has; `undefined` when it is no line of a trail. */
export function parseEnvelope(line: string): (AuditEnvelope & { readonly event: string }) | undefined {
  try {
    const value = JSON.parse(line) as AuditEnvelope & { event: string }
    const isLine =
      value?.v === 1 &&
      Number.isSafeInteger(value.seq) &&
      [value.prev, value.writer, value.event, value.time].every((text) => typeof text === 'string')
    return isLine ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Finds where a trail goes on, and cuts off a last line that was not written whole.
 *
 * @throws {AuditFolderDamagedError} `ERR_AUDIT_FOLDER_DAMAGED` when the last whole line is none of a trail.
 */
export async function findTrailEnd(files: AuditFilePort, folder: string): Promise<TrailEnd> {
  let cutBytes = 0
  const segments = await listSegments(files, folder)
  for (const segment of segments.toReversed()) {
    const tail = await readTail(files, segment)
    cutBytes += tail.cutBytes
    if (tail.line === undefined) {
      // A segment that ended before its first line: nothing of it is known to anyone.
      await files.remove(segment.path)
      continue
    }
    if (tail.cutBytes > 0) await files.truncate(segment.path, segment.bytes - tail.cutBytes)
    return endAt(segment, tail.line, cutBytes)
  }
  return { writer: undefined, seq: 0, prev: NO_LINE, segmentNumber: 0, isClosed: false, cutBytes }
}

function endAt({ name, number }: SegmentFile, line: Buffer, cutBytes: number): TrailEnd {
  const text = line.toString('utf8')
  const envelope = parseEnvelope(text)
  if (envelope === undefined) {
    throw new AuditFolderDamagedError({
      message: `folder: the last line of \`${name}\` is none of a trail: move the folder away and keep it`,
      details: { segment: name },
    })
  }
  const { writer, seq, event } = envelope
  const isClosed = event === 'audit.checkpoint' && 'why' in envelope && envelope.why === 'closed'
  return { writer, seq, prev: hashLine(line), segmentNumber: number, isClosed, cutBytes }
}
