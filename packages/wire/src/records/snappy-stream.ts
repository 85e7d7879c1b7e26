import { snappyCompress, snappyDecompress } from '@platformatic/wasm-utils'
import { DecompressedTooLargeError, InvalidCompressionError } from '../errors.ts'
import { Reader } from '../primitives/reader.ts'

/** How xerial's snappy streams begin, which Java clients write: the marker, then two versions. */
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1])
const XERIAL_MARKER = XERIAL_HEADER.subarray(0, 8)
const BLOCK_BYTES = 32 * 1024

/**
 * Inflates snappy, framed as xerial does or raw as librdkafka does, without ever inflating more than `maxBytes`.
 *
 * @throws {InvalidCompressionError} `ERR_WIRE_INVALID_COMPRESSION` when the bytes are no snappy.
 * @throws {DecompressedTooLargeError} `ERR_WIRE_DECOMPRESSED_TOO_LARGE` when more than `maxBytes` would come out.
 */
export function inflateSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, XERIAL_MARKER.length).equals(XERIAL_MARKER)) return inflateBlock(bytes, maxBytes)
  const blocks: Buffer[] = []
  let leftBytes = maxBytes
  for (let at = XERIAL_HEADER.length; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? bytes.readInt32BE(at) : -1
    at += 4
    if (length < 0 || at + length > bytes.length) throw new InvalidCompressionError('snappy')
    const block = inflateBlock(bytes.subarray(at, at + length), leftBytes)
    blocks.push(block)
    leftBytes -= block.length
    at += length
  }
  return Buffer.concat(blocks)
}

/** Compresses with xerial's framing, which every client reads. */
export function deflateSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = Buffer.from(snappyCompress(bytes.subarray(at, at + BLOCK_BYTES)))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** A block says its size in front, so that it is known before anything is allocated. */
function inflateBlock(block: Buffer, maxBytes: number): Buffer {
  const size = sizeOf(block)
  if (size > maxBytes) throw new DecompressedTooLargeError(maxBytes)
  try {
    return Buffer.from(snappyDecompress(block))
  } catch (cause) {
    throw new InvalidCompressionError('snappy', cause)
  }
}

function sizeOf(block: Buffer): number {
  try {
    return new Reader(block).uvarint('snappySize')
  } catch (cause) {
    throw new InvalidCompressionError('snappy', cause)
  }
}
