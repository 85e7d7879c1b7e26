import { lz4Compress } from '@platformatic/wasm-utils'
import { DecompressedTooLargeError, InvalidCompressionError } from './errors.ts'

const MAGIC = 0x184d2204
const HEADER_LEAST_BYTES = 7
const UNCOMPRESSED_BLOCK = 0x80000000
const VERSION_SHIFT = 6
const VERSION = 1
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x01
const CHECKSUM_BYTES = 4
const CONTENT_SIZE_BYTES = 8
const MIN_MATCH = 4
/** Up to this many bytes a loop in JavaScript is faster than a call that copies. */
const SHORT_COPY_BYTES = 32
const FIRST_OUTPUT_BYTES = 4096
/** Header and end mark; the library fails on no bytes at all once its memory has grown. */
const EMPTY_FRAME = Buffer.from('04224d1860408200000000', 'hex')

/**
 * Compresses into one LZ4 frame of independent blocks.
 *
 * INVARIANT: no checksums of blocks, for a reader of Go's stalls on them, and blocks are independent, for Java's reader
 * refuses others.
 */
export function deflateLz4(bytes: Buffer): Buffer {
  return bytes.length === 0 ? Buffer.from(EMPTY_FRAME) : lz4Compress(bytes)
}

/**
 * Inflates an LZ4 frame, as Kafka's records have it, without ever writing past `maxBytes`.
 *
 * Written here because the libraries at hand inflate first and tell the size afterwards. Checksums of blocks and content
 * are read past: the batch's own CRC has been checked by then. Bytes behind the frame are refused, since clients differ in
 * whether they read them.
 *
 * ```
 * frame = magic, flags, block_size, [content_size], header_checksum, {block}, 0 int32, [content_checksum]
 * block = size int32 (highest bit: not compressed), {sequence}, [checksum]
 * ```
 *
 * @throws {InvalidCompressionError} `ERR_COMPRESSION_INVALID` when the bytes are no LZ4 frame.
 * @throws {DecompressedTooLargeError} `ERR_COMPRESSION_TOO_LARGE` when more than `maxBytes` would come out.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function inflateLz4(bytes: Buffer, maxBytes: number): Buffer {
  const flags = readFlags(bytes)
  const output = new Lz4Output(maxBytes)
  let at = HEADER_LEAST_BYTES + ((flags & CONTENT_SIZE) === 0 ? 0 : CONTENT_SIZE_BYTES)
  for (;;) {
    if (at + 4 > bytes.length) throw invalid()
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const end = at + (size & ~UNCOMPRESSED_BLOCK)
    if (end > bytes.length) throw invalid()
    if ((size & UNCOMPRESSED_BLOCK) !== 0) output.append(bytes, at, end)
    else output.inflateBlock(bytes, at, end)
    at = end + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES)
  }
  if (at + ((flags & CONTENT_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES) !== bytes.length) throw invalid()
  return output.finish()
}

function readFlags(bytes: Buffer): number {
  if (bytes.length < HEADER_LEAST_BYTES || bytes.readUInt32LE(0) !== MAGIC) throw invalid()
  const flags = bytes.readUInt8(4)
  if (flags >> VERSION_SHIFT !== VERSION || (flags & DICTIONARY_ID) !== 0) throw invalid()
  return flags
}

function invalid(): InvalidCompressionError {
  return new InvalidCompressionError('lz4')
}

/** Output that grows as bytes come, and never past its bound. */
class Lz4Output {
  readonly #maxBytes: number
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  /** Where the block that is read goes on. */
  #at = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  append(bytes: Buffer, start: number, end: number): void {
    const count = end - start
    const at = this.#reserve(count)
    const output = this.#bytes
    if (count > SHORT_COPY_BYTES) bytes.copy(output, at, start, end)
    else for (let n = 0; n < count; n += 1) output[at + n] = bytes[start + n] as number
  }

  /** A sequence is a token, literals, and a match that repeats earlier output; the last one has no match. */
  inflateBlock(bytes: Buffer, start: number, end: number): void {
    this.#at = start
    while (this.#at < end) {
      const token = bytes[this.#at] as number
      this.#at += 1
      const literals = this.#readLength(bytes, token >> 4, end)
      const afterLiterals = this.#at + literals
      if (afterLiterals > end) throw invalid()
      this.append(bytes, this.#at, afterLiterals)
      if (afterLiterals === end) return
      if (afterLiterals + 2 > end) throw invalid()
      const distance = (bytes[afterLiterals] as number) | ((bytes[afterLiterals + 1] as number) << 8)
      this.#at = afterLiterals + 2
      this.#repeat(distance, this.#readLength(bytes, token & 15, end) + MIN_MATCH)
    }
  }

  /** A length of 15 goes on in the bytes that follow, up to the first that is not 255. */
  #readLength(bytes: Buffer, nibble: number, end: number): number {
    if (nibble < 15) return nibble
    let length = 15
    for (let byte = 255; byte === 255; length += byte) {
      if (this.#at >= end) throw invalid()
      byte = bytes[this.#at] as number
      this.#at += 1
    }
    return length
  }

  /** The match may overlap what it writes, and then repeats itself. */
  #repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length) throw invalid()
    const at = this.#reserve(count)
    const output = this.#bytes
    const from = at - distance
    if (count > SHORT_COPY_BYTES && distance >= count) output.copyWithin(at, from, from + count)
    else if (count > SHORT_COPY_BYTES && distance === 1) output.fill(output[from] as number, at, at + count)
    else for (let n = 0; n < count; n += 1) output[at + n] = output[from + n] as number
  }

  #reserve(count: number): number {
    const at = this.#length
    const end = at + count
    if (end > this.#maxBytes) throw new DecompressedTooLargeError(this.#maxBytes)
    if (end > this.#bytes.length) this.#grow(end)
    this.#length = end
    return at
  }

  #grow(leastBytes: number): void {
    const wanted = Math.max(leastBytes, this.#bytes.length * 2, FIRST_OUTPUT_BYTES)
    const larger = Buffer.allocUnsafe(Math.min(wanted, this.#maxBytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
