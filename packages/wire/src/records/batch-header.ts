import { InvalidLengthError, ShortReadError } from '../errors.ts'
import { crc32c } from './crc32c.ts'

/** The bytes of a batch's header, from `base_offset` to `record_count`. */
export const BATCH_HEADER_BYTES = 61

/** The bytes before what `batch_length` counts: `base_offset` and `batch_length` itself. */
const LENGTH_PREFIX_BYTES = 12
const CRC_OFFSET = 17
const ATTRIBUTES_OFFSET = 21
const MAGIC_OFFSET = 16

const COMPRESSION_MASK = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

/** The header of a record batch of magic 2. */
export interface RecordBatchHeader {
  readonly baseOffset: bigint
  /** Bytes after this field, up to the end of the batch. */
  readonly batchLength: number
  readonly partitionLeaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Where a batch stands: bytes `start` to `end`. */
export interface BatchSpan {
  readonly start: number
  readonly end: number
  /** 2 for record batches; 0 and 1 for messages of the old format, which only their span and magic is told of. */
  readonly magic: number
}

/**
 * Gives the spans of the batches in a partition's records.
 *
 * A broker may cut the last batch of a fetch off: it is left out, and `end` of the last span says where it starts.
 *
 * ```
 * batch = base_offset int64, batch_length int32, partition_leader_epoch int32, magic int8, crc uint32, attributes int16,
 *         last_offset_delta int32, base_timestamp int64, max_timestamp int64, producer_id int64, producer_epoch int16,
 *         base_sequence int32, record_count int32, records
 * ```
 *
 * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when a batch is shorter than its header.
 */
export function* walkBatches(bytes: Buffer, start = 0, end: number = bytes.length): Generator<BatchSpan> {
  let at = start
  while (at + MAGIC_OFFSET < end) {
    const batchLength = bytes.readInt32BE(at + 8)
    const batchEnd = at + LENGTH_PREFIX_BYTES + batchLength
    const magic = bytes.readInt8(at + MAGIC_OFFSET)
    const leastBytes = magic >= 2 ? BATCH_HEADER_BYTES - LENGTH_PREFIX_BYTES : 1
    if (batchLength < leastBytes) throw new InvalidLengthError({ field: 'batchLength', offset: at + 8 }, batchLength)
    if (batchEnd > end) return
    yield { start: at, end: batchEnd, magic }
    at = batchEnd
  }
}

/**
 * Reads the header of a batch of magic 2.
 *
 * @throws {ShortReadError} `ERR_WIRE_SHORT_READ` when fewer than 61 bytes are there.
 */
export function decodeBatchHeader(bytes: Buffer, start = 0): RecordBatchHeader {
  const remaining = bytes.length - start
  if (remaining < BATCH_HEADER_BYTES)
    throw new ShortReadError({ field: 'batch', offset: start }, BATCH_HEADER_BYTES, remaining)
  return {
    baseOffset: bytes.readBigInt64BE(start),
    batchLength: bytes.readInt32BE(start + 8),
    partitionLeaderEpoch: bytes.readInt32BE(start + 12),
    magic: bytes.readInt8(start + MAGIC_OFFSET),
    crc: bytes.readUInt32BE(start + CRC_OFFSET),
    attributes: bytes.readInt16BE(start + ATTRIBUTES_OFFSET),
    lastOffsetDelta: bytes.readInt32BE(start + 23),
    baseTimestamp: bytes.readBigInt64BE(start + 27),
    maxTimestamp: bytes.readBigInt64BE(start + 35),
    producerId: bytes.readBigInt64BE(start + 43),
    producerEpoch: bytes.readInt16BE(start + 51),
    baseSequence: bytes.readInt32BE(start + 53),
    recordCount: bytes.readInt32BE(start + 57),
  }
}

/**
 * Puts a batch together from a header and its (compressed) records; length and CRC are computed, everything else is kept.
 */
export function encodeBatch(header: Omit<RecordBatchHeader, 'batchLength' | 'crc'>, records: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + records.length)
  bytes.writeBigInt64BE(header.baseOffset, 0)
  bytes.writeInt32BE(bytes.length - LENGTH_PREFIX_BYTES, 8)
  bytes.writeInt32BE(header.partitionLeaderEpoch, 12)
  bytes.writeInt8(header.magic, MAGIC_OFFSET)
  bytes.writeInt16BE(header.attributes, ATTRIBUTES_OFFSET)
  bytes.writeInt32BE(header.lastOffsetDelta, 23)
  bytes.writeBigInt64BE(header.baseTimestamp, 27)
  bytes.writeBigInt64BE(header.maxTimestamp, 35)
  bytes.writeBigInt64BE(header.producerId, 43)
  bytes.writeInt16BE(header.producerEpoch, 51)
  bytes.writeInt32BE(header.baseSequence, 53)
  bytes.writeInt32BE(header.recordCount, 57)
  records.copy(bytes, BATCH_HEADER_BYTES)
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_OFFSET), CRC_OFFSET)
  return bytes
}

/** Whether the CRC of the batch at `span` fits its bytes. */
export function isBatchIntact(bytes: Buffer, { start, end }: BatchSpan): boolean {
  return bytes.readUInt32BE(start + CRC_OFFSET) === crc32c(bytes, start + ATTRIBUTES_OFFSET, end)
}

/** The compression codec of a batch: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export function compressionOf(attributes: number): number {
  return attributes & COMPRESSION_MASK
}

/** Whether the batch's timestamps are the broker's. */
export function isLogAppendTime(attributes: number): boolean {
  return (attributes & LOG_APPEND_TIME) !== 0
}

/** Whether the batch belongs to a transaction. */
export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL) !== 0
}

/** Whether the batch is a marker of the broker's, which carries no record of a client. */
export function isControl(attributes: number): boolean {
  return (attributes & CONTROL) !== 0
}
