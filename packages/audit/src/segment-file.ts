import { join } from 'node:path'
import type { AuditFile, AuditFilePort } from './file-port.ts'
import type { TrailCursor } from './read-events.ts'
import { segmentName } from './segment-folder.ts'

interface OpenSegment {
  readonly path: string
  readonly file: AuditFile
  readonly openedAtMs: number
  bytes: number
}

/**
 * The segment that is written to, and the mending of one whose writing failed.
 *
 * INVARIANT: after a failure nothing is written behind what may be torn or may not have become durable. The segment is cut
 * to its last durable line first, and the next lines open another one: a second fdatasync after one that failed says nothing.
 */
export class SegmentFiles {
  readonly #files: AuditFilePort
  readonly #folder: string
  #number: number
  #open: OpenSegment | undefined
  #torn: { readonly path: string; readonly bytes: number } | undefined

  #durableEnd: TrailCursor

  constructor(files: AuditFilePort, folder: string, lastNumber: number) {
    this.#durableEnd = { segment: lastNumber + 1, position: 0 }
    this.#files = files
    this.#folder = folder
    this.#number = lastNumber + 1
  }

  /** The number of the segment that the next lines go to. */
  get number(): number {
    return this.#number
  }

  /** Whether the next lines begin a segment. */
  get isNew(): boolean {
    return this.#open === undefined || this.#open.bytes === 0
  }

  /** Behind the last durable line. */
  get durableEnd(): TrailCursor {
    return this.#durableEnd
  }

  get bytes(): number {
    return this.#open?.bytes ?? 0
  }

  /** When the segment was opened, by the clock's monotonic time. */
  get openedAtMs(): number | undefined {
    return this.#open?.openedAtMs
  }

  /** Makes the segment ready to be written to. */
  async prepare(nowMs: number): Promise<void> {
    if (this.#torn !== undefined) await this.#mend(this.#torn)
    if (this.#open !== undefined) return
    const path = join(this.#folder, segmentName(this.#number))
    const file = await this.#files.create(path)
    this.#open = { path, file, openedAtMs: nowMs, bytes: 0 }
  }

  /** Appends whole lines; resolves when they are durable. */
  async append(lines: Buffer): Promise<void> {
    const open = this.#open
    if (open === undefined) throw new TypeError('segment: not prepared')
    await open.file.write(lines)
    await open.file.sync()
    open.bytes += lines.length
    this.#durableEnd = { segment: this.#number, position: open.bytes }
  }

  /** After a failure: nothing more goes to this segment. */
  async abandon(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    this.#torn = { path: open.path, bytes: open.bytes }
    await open.file.close().catch(() => {})
  }

  /** Ends the segment; the next lines begin another one. */
  async finish(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    this.#number += 1
    await open.file.close()
  }

  async #mend({ path, bytes }: { readonly path: string; readonly bytes: number }): Promise<void> {
    if (bytes === 0) await this.#files.remove(path)
    else {
      await this.#files.truncate(path, bytes)
      this.#number += 1
    }
    this.#torn = undefined
  }
}
