import { snappyCompress, snappyDecompress } from '@platformatic/wasm-utils'
import { DecompressedTooLargeError, InvalidCompressionError } from './errors.ts'

/** How xerial's snappy streams begin, which Java clients write: the marker, then two versions. */
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1])
const XERIAL_MARKER = XERIAL_HEADER.subarray(0, 8)
const BLOCK_LENGTH_BYTES = 4
const BLOCK_BYTES = 32 * 1024
/** The densest element of a block: a copy of 64 bytes takes 3. */
const MOST_COPIED_BYTES = 64
const LEAST_COPY_BYTES = 3
const MOST_SIZE_BYTES = 5
const MOST_ANNOUNCED_BYTES = 0xffffffff

/**
 * Inflates snappy, framed as xerial does or raw as librdkafka does, without ever inflating more than `maxBytes`.
 *
 * ```
 * stream = marker 8 bytes, version int32, compatible_version int32, {length int32, block}
 * block  = size uvarint, literals and copies
 * ```
 *
 * @throws {InvalidCompressionError} `ERR_COMPRESSION_INVALID` when the bytes are no snappy.
 * @throws {DecompressedTooLargeError} `ERR_COMPRESSION_TOO_LARGE` when more than `maxBytes` would come out.
 */
export function inflateSnappy(bytes: Buffer, maxBytes: number): Buffer {
  const isFramed = bytes.subarray(0, XERIAL_MARKER.length).equals(XERIAL_MARKER)
  let size = 0
  for (const block of isFramed ? blocksOf(bytes) : [bytes]) {
    size += inflatedBytes(block)
    if (size > maxBytes) throw new DecompressedTooLargeError(maxBytes)
  }
  if (!isFramed) return inflateBlock(bytes)
  const output = Buffer.allocUnsafe(size)
  let at = 0
  for (const block of blocksOf(bytes)) at += inflateBlock(block).copy(output, at)
  if (at !== size) throw new InvalidCompressionError('snappy')
  return output
}

/** Compresses with xerial's framing, which every client reads. */
export function deflateSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = snappyCompress(bytes.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.allocUnsafe(BLOCK_LENGTH_BYTES)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

function* blocksOf(bytes: Buffer): Generator<Buffer> {
  if (bytes.length < XERIAL_HEADER.length) throw new InvalidCompressionError('snappy')
  for (let at = XERIAL_HEADER.length; at < bytes.length; ) {
    const start = at + BLOCK_LENGTH_BYTES
    const length = start <= bytes.length ? bytes.readInt32BE(at) : -1
    if (length < 0 || start + length > bytes.length) throw new InvalidCompressionError('snappy')
    yield bytes.subarray(start, start + length)
    at = start + length
  }
}

/** A block says its size in front; what could not come out of so few bytes is refused before anything is allocated. */
function inflatedBytes(block: Buffer): number {
  const size = announcedBytes(block)
  if (size * LEAST_COPY_BYTES > block.length * MOST_COPIED_BYTES) throw new InvalidCompressionError('snappy')
  return size
}

/** Reads the uvarint that a block begins with: seven bits a byte, lowest first, 32 in all. */
function announcedBytes(block: Buffer): number {
  let size = 0
  for (let at = 0; at < MOST_SIZE_BYTES; at += 1) {
    const byte = block[at]
    if (byte === undefined) break
    size += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) {
      if (size > MOST_ANNOUNCED_BYTES) break
      return size
    }
  }
  throw new InvalidCompressionError('snappy')
}

function inflateBlock(block: Buffer): Buffer {
  try {
    return snappyDecompress(block)
  } catch (cause) {
    throw new InvalidCompressionError('snappy', cause)
  }
}
