import { FrameLimitError } from './errors.ts'

/** Bytes `start` to `end` of `bytes`. */
export interface Span {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** A whole request frame, or the opening of one that is handed on in pieces. */
export interface FrameSpan extends Span {
  /** The frame's size, its length prefix included. */
  readonly totalBytes: number
}

const PREFIX_BYTES = 4
const PRODUCE = 0
/** An opening holds at least this much, which any request header and the first names of a Produce fit into. */
const OPENING_BYTES = 4096
const EMPTY = Buffer.alloc(0)

/**
 * Cuts what a client sends into frames.
 *
 * A frame inside one chunk is a view; one that spans chunks is copied once, when it is complete, so that a length prefix
 * alone makes nobody allocate. Large Produce frames are opened early and handed on in pieces.
 */
export class RequestInput {
  #chunk: Buffer = EMPTY
  #at = 0
  #parts: Buffer[] = []
  #partsBytes = 0
  #wantedBytes = 0
  #pieceBytes = 0

  /** Takes the next bytes of the client. */
  push(chunk: Buffer): void {
    if (this.#wantedBytes > 0) {
      this.#parts.push(chunk)
      this.#partsBytes += chunk.length
      if (this.#partsBytes >= this.#wantedBytes) this.#join()
      return
    }
    const rest = this.#chunk.length - this.#at
    this.#chunk = rest === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk])
    this.#at = 0
  }

  /**
   * Gives the next frame, or the opening of a large Produce frame, whose rest {@link RequestInput.piece} gives; `null`
   * when more bytes are needed.
   *
   * @throws {FrameLimitError} `ERR_GATEWAY_FRAME_LIMIT` when a length prefix is negative or above `maxFrameBytes`.
   */
  next(maxFrameBytes: number): FrameSpan | null {
    const chunk = this.#chunk
    const start = this.#at
    const availableBytes = chunk.length - start
    if (this.#wantedBytes > 0 || availableBytes < PREFIX_BYTES) return null
    const sizeBytes = chunk.readInt32BE(start)
    if (sizeBytes < 0 || sizeBytes > maxFrameBytes) throw new FrameLimitError({ message: 'client: the frame length is out of range', details: { bytes: sizeBytes, maxFrameBytes } })
    const totalBytes = sizeBytes + PREFIX_BYTES
    if (availableBytes >= totalBytes) return this.#take(totalBytes, totalBytes)
    if (availableBytes >= OPENING_BYTES && chunk.readInt16BE(start + PREFIX_BYTES) === PRODUCE) {
      this.#pieceBytes = totalBytes - availableBytes
      return this.#take(availableBytes, totalBytes)
    }
    this.#collect(totalBytes)
    return null
  }

  /** Gives the next bytes of the opened frame; `null` when more are needed. */
  piece(): Span | null {
    const available = Math.min(this.#chunk.length - this.#at, this.#pieceBytes)
    if (available === 0) return null
    this.#pieceBytes -= available
    return this.#take(available, available)
  }

  #take(bytes: number, totalBytes: number): FrameSpan {
    const start = this.#at
    this.#at += bytes
    return { bytes: this.#chunk, start, end: this.#at, totalBytes }
  }

  #collect(totalBytes: number): void {
    const opening = this.#chunk.subarray(this.#at)
    this.#parts = [opening]
    this.#partsBytes = opening.length
    this.#wantedBytes = totalBytes
    this.#chunk = EMPTY
    this.#at = 0
  }

  #join(): void {
    this.#chunk = Buffer.concat(this.#parts, this.#partsBytes)
    this.#at = 0
    this.#parts = []
    this.#wantedBytes = 0
  }
}
