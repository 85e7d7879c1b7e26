import { FrameTooLargeError, InvalidLengthError } from './errors.ts'
import { encodeRequestHeader, encodeResponseHeader, type RequestHeader } from './header.ts'
import { EMPTY_BYTES } from './primitives/bytes.ts'
import { Writer } from './primitives/writer.ts'

/** The bytes of the length before every frame. */
export const FRAME_LENGTH_BYTES = 4

/** The largest frame that Kafka's brokers take by default (`socket.request.max.bytes`). */
export const DEFAULT_MAX_FRAME_BYTES: number = 100 * 1024 * 1024

/**
 * Writes a whole request with the length before it.
 *
 * @example
 * ```ts
 * const header = { apiKey: 3, apiVersion: 12, correlationId: 1, clientId: 'orders' }
 * socket.write(encodeRequestFrame(header, (writer) => encodeMetadataRequest(writer, request, 12)))
 * ```
 */
export function encodeRequestFrame(header: RequestHeader, body: (writer: Writer) => void): Buffer {
  return encodeFrame((writer) => {
    encodeRequestHeader(writer, header)
    body(writer)
  })
}

/**
 * Writes a whole response, to a request of the given key and version, with the length before it; `memory` is a
 * guess at its size, or memory to write it to as far as it suffices.
 */
export function encodeResponseFrame(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  body: (writer: Writer) => void,
  memory?: number | Buffer,
): Buffer {
  return encodeFrame((writer) => {
    encodeResponseHeader(writer, apiKey, apiVersion, correlationId)
    body(writer)
  }, memory)
}

function encodeFrame(content: (writer: Writer) => void, memory?: number | Buffer): Buffer {
  const writer = new Writer(memory)
  writer.int32(0, 'frameLength')
  content(writer)
  writer.patchInt32(0, writer.length - FRAME_LENGTH_BYTES)
  return writer.finish()
}

/**
 * Reads the length before a frame.
 *
 * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when it is negative.
 * @throws {FrameTooLargeError} `ERR_WIRE_FRAME_TOO_LARGE` when it is above `maxFrameBytes`.
 */
export function decodeFrameLength(bytes: Buffer, offset: number, maxFrameBytes: number): number {
  const length = bytes.readInt32BE(offset)
  if (length < 0) throw new InvalidLengthError({ field: 'frameLength', offset }, length)
  if (length > maxFrameBytes) throw new FrameTooLargeError(length, maxFrameBytes)
  return length
}

/**
 * Cuts a stream of chunks into frames.
 *
 * A frame that lies in one chunk is a view of it; one that spans chunks is copied once, when its last byte is there. The
 * length is checked as soon as its four bytes are there, and nothing is allocated for bytes that have not come.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #prefix: Buffer = Buffer.alloc(FRAME_LENGTH_BYTES)
  #prefixBytes = 0
  #parts: Buffer[] = []
  #partBytes = 0
  /** Known once the prefix is complete. */
  #frameBytes = 0

  constructor(maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** The bytes held of the frame that is not yet complete, its length included. */
  get heldBytes(): number {
    return this.#prefixBytes + this.#partBytes
  }

  /** Takes a chunk; gives the frames that it completes, without their lengths, in order. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let offset = 0
    while (offset < chunk.length) {
      offset = this.#takePrefix(chunk, offset)
      if (this.#prefixBytes < FRAME_LENGTH_BYTES) break
      offset = this.#takePart(chunk, offset)
      if (this.#partBytes === this.#frameBytes) frames.push(this.#finish())
    }
    return frames
  }

  #takePrefix(chunk: Buffer, offset: number): number {
    if (this.#prefixBytes === FRAME_LENGTH_BYTES) return offset
    const copied = chunk.copy(this.#prefix, this.#prefixBytes, offset)
    this.#prefixBytes += copied
    if (this.#prefixBytes === FRAME_LENGTH_BYTES) {
      this.#frameBytes = decodeFrameLength(this.#prefix, 0, this.#maxFrameBytes)
    }
    return offset + copied
  }

  #takePart(chunk: Buffer, offset: number): number {
    const part = chunk.subarray(offset, offset + this.#frameBytes - this.#partBytes)
    this.#parts.push(part)
    this.#partBytes += part.length
    return offset + part.length
  }

  #finish(): Buffer {
    const [first, ...more] = this.#parts
    const frame = first === undefined ? EMPTY_BYTES : more.length === 0 ? first : Buffer.concat(this.#parts)
    this.#prefixBytes = 0
    this.#parts = []
    this.#partBytes = 0
    return frame
  }
}
