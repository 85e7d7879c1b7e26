import { BATCH_HEADER_BYTES } from '@headgate/wire'

const LENGTH_PREFIX_BYTES = 12
const LEAST_BYTES = 17
const MAGIC_AT = 16
const MAX_OFFSET = 0x7fffffffffffffffn

/** What the header of a batch says, where it stands. */
export interface BatchFacts {
  readonly start: number
  readonly end: number
  readonly magic: number
  readonly baseOffset: bigint
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly recordCount: number
}

/**
 * Reads the header of the batch at `start`; `undefined` where the bytes end before the batch does, or where nobody can tell
 * its end. Messages before magic 2 have one offset, which is their last.
 */
export function readBatchFacts(bytes: Buffer, start: number): BatchFacts | undefined {
  if (start + LEAST_BYTES > bytes.length) return undefined
  const batchLength = bytes.readInt32BE(start + 8)
  const magic = bytes.readInt8(start + MAGIC_AT)
  const end = start + LENGTH_PREFIX_BYTES + batchLength
  const least = magic >= 2 ? BATCH_HEADER_BYTES : LEAST_BYTES
  if (end - start < least || end > bytes.length) return undefined
  const baseOffset = bytes.readBigInt64BE(start)
  if (magic < 2) return { start, end, magic, baseOffset, attributes: 0, lastOffsetDelta: 0, recordCount: 1 }
  return {
    start,
    end,
    magic,
    baseOffset,
    attributes: bytes.readInt16BE(start + 21),
    lastOffsetDelta: bytes.readInt32BE(start + 23),
    recordCount: bytes.readInt32BE(start + 57),
  }
}

/** The last offset of a batch. */
export function lastOffsetOf({ baseOffset, lastOffsetDelta }: BatchFacts): bigint {
  const last = baseOffset + BigInt(Math.max(lastOffsetDelta, 0))
  return last > MAX_OFFSET ? MAX_OFFSET : last
}
