import { DecompressedTooLargeError, InvalidCompressionError } from '../errors.ts'

const MAGIC = 0x184d2204
const HEADER_LEAST_BYTES = 7
const UNCOMPRESSED_BLOCK = 0x80000000
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x01
const MIN_MATCH = 4

/**
 * Inflates LZ4 frames, as Kafka's records have them, without ever writing past `maxBytes`.
 *
 * Written here because the libraries at hand inflate first and tell the size afterwards. Checksums of blocks and content
 * are read past: the batch's own CRC has been checked by then.
 *
 * @throws {InvalidCompressionError} `ERR_WIRE_INVALID_COMPRESSION` when the bytes are no LZ4 frame.
 * @throws {DecompressedTooLargeError} `ERR_WIRE_DECOMPRESSED_TOO_LARGE` when more than `maxBytes` would come out.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function inflateLz4(bytes: Buffer, maxBytes: number): Buffer {
  const output = new GrowingOutput(maxBytes)
  let at = readHeader(bytes)
  const flags = bytes[4] ?? 0
  for (;;) {
    if (at + 4 > bytes.length) throw new InvalidCompressionError('lz4')
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const length = size & ~UNCOMPRESSED_BLOCK
    if (at + length > bytes.length) throw new InvalidCompressionError('lz4')
    if ((size & UNCOMPRESSED_BLOCK) !== 0) output.append(bytes, at, at + length)
    else inflateBlock(bytes, at, at + length, output)
    at += length + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4)
  }
  if (at + ((flags & CONTENT_CHECKSUM) === 0 ? 0 : 4) > bytes.length) throw new InvalidCompressionError('lz4')
  return output.finish()
}

function readHeader(bytes: Buffer): number {
  if (bytes.length < HEADER_LEAST_BYTES || bytes.readUInt32LE(0) !== MAGIC) throw new InvalidCompressionError('lz4')
  const flags = bytes[4] ?? 0
  return HEADER_LEAST_BYTES + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & DICTIONARY_ID) === 0 ? 0 : 4)
}

/** A sequence is a token, literals, and a match that repeats earlier output, which may overlap itself. */
function inflateBlock(bytes: Buffer, start: number, end: number, output: GrowingOutput): void {
  let at = start
  const length = (nibble: number): number => {
    let total = nibble
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; at += 1) {
      if (at >= end) throw new InvalidCompressionError('lz4')
      byte = bytes[at] ?? 0
      total += byte
    }
    return total
  }
  while (at < end) {
    const token = bytes[at] ?? 0
    at += 1
    const literals = length(token >> 4)
    if (at + literals > end) throw new InvalidCompressionError('lz4')
    output.append(bytes, at, at + literals)
    at += literals
    if (at === end) return
    if (at + 2 > end) throw new InvalidCompressionError('lz4')
    const distance = bytes.readUInt16LE(at)
    at += 2
    output.repeat(distance, length(token & 15) + MIN_MATCH)
  }
}

/** Output that grows as bytes come, and never past its bound. */
class GrowingOutput {
  readonly #maxBytes: number
  #bytes: Buffer = Buffer.allocUnsafe(0)
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  append(bytes: Buffer, start: number, end: number): void {
    const at = this.#reserve(end - start)
    bytes.copy(this.#bytes, at, start, end)
  }

  repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length) throw new InvalidCompressionError('lz4')
    const at = this.#reserve(count)
    const bytes = this.#bytes
    if (distance >= count) bytes.copyWithin(at, at - distance, at - distance + count)
    else for (let index = 0; index < count; index += 1) bytes[at + index] = bytes[at - distance + index] ?? 0
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(count: number): number {
    const at = this.#length
    const end = at + count
    if (end > this.#maxBytes) throw new DecompressedTooLargeError(this.#maxBytes)
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(end, this.#bytes.length * 2, 4096), this.#maxBytes))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    this.#length = end
    return at
  }
}
