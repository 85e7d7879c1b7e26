import { FrameLimitError } from './errors.ts'
import type { ReadBuffer } from './read-buffers.ts'

/** Bytes `start` to `end` of `bytes`; with a lease they are valid until it is released. */
export interface Span {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly lease: ReadBuffer | null
}

/** A whole request frame, or the opening of one that is handed on in pieces. */
export interface FrameSpan extends Span {
  /** The frame's size, its length prefix included. */
  readonly totalBytes: number
}

const PREFIX_BYTES = 4
const API_KEY_BYTES = 2
const PRODUCE = 0
/** An opening holds at least this much, which any request header and the first names of a Produce fit into. */
const OPENING_BYTES = 4096
/** Requests without records become objects, which take many times their bytes; none that a client needs comes near. */
const MAX_DECODED_BYTES = 8 * 1024 * 1024
const EMPTY = Buffer.alloc(0)

/**
 * Cuts what a client sends into frames.
 *
 * Produce frames are views of what was read: whole ones, or openings with pieces to follow. Every other frame, and the
 * opening of one that is cut in its first bytes, is a copy of its own, which grows with what comes, so that a length prefix
 * alone makes nobody allocate, and nothing decoded from it depends on a read buffer.
 */
export class RequestInput {
  #chunk: Buffer = EMPTY
  #at = 0
  #end = 0
  #lease: ReadBuffer | null = null
  /** The first bytes of a frame that is copied, in a buffer that grows with them. */
  #gathered: Buffer = EMPTY
  #gatheredBytes = 0
  #wantedBytes = 0
  #pieceBytes = 0

  /** Takes the next bytes of the client: the first `length` of `bytes`. */
  push(bytes: Buffer, length: number = bytes.length, lease: ReadBuffer | null = null): void {
    if (this.#wantedBytes > 0) {
      this.#gather(bytes, 0, length)
      if (this.#gatheredBytes >= this.#wantedBytes) this.#join()
      return
    }
    if (this.#at === this.#end) this.#set(bytes, 0, length, lease)
    else {
      const joined = Buffer.concat([this.#chunk.subarray(this.#at, this.#end), bytes.subarray(0, length)])
      this.#set(joined, 0, joined.length, null)
    }
  }

  /**
   * Gives the next frame, or the opening of a large Produce frame, whose rest {@link RequestInput.piece} gives; `null`
   * when more bytes are needed.
   *
   * @throws {FrameLimitError} `ERR_GATEWAY_FRAME_LIMIT` when a length prefix is negative or above `maxFrameBytes`, or above
   * 8 MiB for a request without records.
   */
  next(maxFrameBytes: number): FrameSpan | null {
    const availableBytes = this.#end - this.#at
    if (this.#wantedBytes > 0 || availableBytes < PREFIX_BYTES) return null
    const sizeBytes = this.#chunk.readInt32BE(this.#at)
    if (sizeBytes < 0 || sizeBytes > maxFrameBytes) {
      throw new FrameLimitError({
        message: 'client: the frame length is out of range',
        details: { bytes: sizeBytes, maxFrameBytes },
      })
    }
    const totalBytes = sizeBytes + PREFIX_BYTES
    if (availableBytes < PREFIX_BYTES + API_KEY_BYTES) return null
    const isProduce = this.#chunk.readInt16BE(this.#at + PREFIX_BYTES) === PRODUCE
    if (!isProduce && sizeBytes > MAX_DECODED_BYTES) {
      const details = { bytes: sizeBytes, maxFrameBytes: MAX_DECODED_BYTES }
      throw new FrameLimitError({ message: 'client: a request without records is too large', details })
    }
    if (availableBytes >= totalBytes) return isProduce ? this.#view(totalBytes, totalBytes) : this.#copy(totalBytes)
    if (isProduce && availableBytes >= OPENING_BYTES) {
      this.#pieceBytes = totalBytes - availableBytes
      return this.#view(availableBytes, totalBytes)
    }
    this.#collect(isProduce ? Math.min(totalBytes, OPENING_BYTES) : totalBytes)
    return null
  }

  /** Gives the next bytes of the opened frame; `null` when more are needed. */
  piece(): Span | null {
    const available = Math.min(this.#end - this.#at, this.#pieceBytes)
    if (available === 0) return null
    this.#pieceBytes -= available
    return this.#view(available, available)
  }

  /** Copies what has not been taken yet, so that the buffer it was read into can go. */
  detach(): void {
    if (this.#lease === null) return
    const rest = copyOf(this.#chunk, this.#at, this.#end, this.#lease)
    this.#set(rest, 0, rest.length, null)
  }

  #set(bytes: Buffer, at: number, end: number, lease: ReadBuffer | null): void {
    this.#chunk = bytes
    this.#at = at
    this.#end = end
    this.#lease = lease
  }

  #view(bytes: number, totalBytes: number): FrameSpan {
    const start = this.#at
    this.#at += bytes
    return { bytes: this.#chunk, start, end: this.#at, lease: this.#lease, totalBytes }
  }

  #copy(totalBytes: number): FrameSpan {
    const bytes = copyOf(this.#chunk, this.#at, this.#at + totalBytes, this.#lease)
    this.#at += totalBytes
    return { bytes, start: 0, end: totalBytes, lease: null, totalBytes }
  }

  #collect(wantedBytes: number): void {
    this.#wantedBytes = wantedBytes
    this.#gather(this.#chunk, this.#at, this.#end)
    this.#set(EMPTY, 0, 0, null)
  }

  #gather(bytes: Buffer, start: number, end: number): void {
    const neededBytes = this.#gatheredBytes + end - start
    if (neededBytes > this.#gathered.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(neededBytes, Math.min(neededBytes * 2, this.#wantedBytes)))
      this.#gathered.copy(grown, 0, 0, this.#gatheredBytes)
      this.#gathered = grown
    }
    bytes.copy(this.#gathered, this.#gatheredBytes, start, end)
    this.#gatheredBytes = neededBytes
  }

  #join(): void {
    this.#set(this.#gathered, 0, this.#gatheredBytes, null)
    this.#gathered = EMPTY
    this.#gatheredBytes = 0
    this.#wantedBytes = 0
  }
}

/** Bytes that nobody else will write to: a copy of leased ones, a view of others. */
function copyOf(bytes: Buffer, start: number, end: number, lease: ReadBuffer | null): Buffer {
  const view = bytes.subarray(start, end)
  return lease === null ? view : Buffer.from(view)
}
