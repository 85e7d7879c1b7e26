import { InvalidLengthError } from '../errors.ts'
import type { Reader } from '../primitives/reader.ts'

const BATCH_HEAD_BYTES = 61
/** Up to and with the magic, which stands at the same place in every format. */
const LEAST_HEAD_BYTES = 17
/** What `batch_length` does not count: the base offset and itself. */
const UNCOUNTED_BYTES = 12
const NEWEST_MAGIC = 2

/**
 * The head of a record batch where it stands; a getter reads when it is asked.
 *
 * One object serves all batches of a walk: what is kept must be copied out. Fields after `magic` hold for magic 2 only; older
 * messages are told of by `baseOffset`, `batchBytes` and `magic`.
 *
 * ```
 * base_offset int64, batch_length int32, partition_leader_epoch int32, magic int8, crc uint32, attributes int16,
 * last_offset_delta int32, base_timestamp int64, max_timestamp int64, producer_id int64, producer_epoch int16,
 * base_sequence int32, record_count int32
 * ```
 */
export class BatchHead {
  #bytes: Buffer = Buffer.alloc(BATCH_HEAD_BYTES)
  #at = 0
  #isWhole = false

  /** Whether the records hold the whole batch: a broker may cut the last one off. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  get baseOffset(): bigint {
    return this.#bytes.readBigInt64BE(this.#at)
  }

  /** The bytes of the whole batch, its head included. */
  get batchBytes(): number {
    return UNCOUNTED_BYTES + this.#bytes.readInt32BE(this.#at + 8)
  }

  get partitionLeaderEpoch(): number {
    return this.#bytes.readInt32BE(this.#at + 12)
  }

  get magic(): number {
    return this.#bytes.readInt8(this.#at + 16)
  }

  get crc(): number {
    return this.#bytes.readUInt32BE(this.#at + 17)
  }

  get attributes(): number {
    return this.#bytes.readInt16BE(this.#at + 21)
  }

  get lastOffsetDelta(): number {
    return this.#bytes.readInt32BE(this.#at + 23)
  }

  /** The offset of the batch's last record. */
  get lastOffset(): bigint {
    return this.baseOffset + BigInt(this.lastOffsetDelta)
  }

  get producerId(): bigint {
    return this.#bytes.readBigInt64BE(this.#at + 43)
  }

  get producerEpoch(): number {
    return this.#bytes.readInt16BE(this.#at + 51)
  }

  get baseSequence(): number {
    return this.#bytes.readInt32BE(this.#at + 53)
  }

  get recordCount(): number {
    return this.#bytes.readInt32BE(this.#at + 57)
  }

  /** Points the head at bytes that stay as they are until it is pointed elsewhere. */
  point(bytes: Buffer, at: number, isWhole: boolean): void {
    this.#bytes = bytes
    this.#at = at
    this.#isWhole = isWhole
  }
}

/** Steps over the records of one partition, from head to head, without looking at what lies between. */
export class BatchWalk {
  readonly #head: BatchHead = new BatchHead()
  readonly #visit: (head: BatchHead) => void
  readonly #isLenient: boolean
  #recordsBytes = 0
  #batchBytes = 0

  /** `isLenient`: records that are no batches are stepped over untold, for whoever gets them next to refuse. */
  constructor(visit: (head: BatchHead) => void, isLenient = false) {
    this.#visit = visit
    this.#isLenient = isLenient
  }

  /** The bytes of the records that have not been stepped over. */
  get bytesLeft(): number {
    return this.#recordsBytes
  }

  /** Begins records of `recordsBytes` bytes. */
  reset(recordsBytes: number): void {
    this.#recordsBytes = recordsBytes
    this.#batchBytes = 0
  }

  /**
   * Takes one step; `false` when more bytes must come first.
   *
   * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when a batch is shorter than its head.
   */
  advance(reader: Reader): boolean {
    if (this.#batchBytes === 0 && !this.#readHead(reader)) return false
    const skipped = Math.min(this.#batchBytes, reader.remaining)
    reader.skip(skipped)
    this.#batchBytes -= skipped
    this.#recordsBytes -= skipped
    return this.#batchBytes === 0
  }

  #readHead(reader: Reader): boolean {
    const headBytes = Math.min(BATCH_HEAD_BYTES, this.#recordsBytes)
    if (reader.remaining < headBytes) return false
    // What is too short for a head is the rest of a batch that the broker cut off.
    if (headBytes < LEAST_HEAD_BYTES) {
      this.#batchBytes = this.#recordsBytes
      return true
    }
    const { bytes, offset } = reader
    const size = UNCOUNTED_BYTES + bytes.readInt32BE(offset + 8)
    const isNewest = bytes.readInt8(offset + 16) >= NEWEST_MAGIC
    if (size < (isNewest ? BATCH_HEAD_BYTES : LEAST_HEAD_BYTES)) {
      if (this.#isLenient) {
        this.#batchBytes = this.#recordsBytes
        return true
      }
      throw new InvalidLengthError({ field: 'batchLength', offset: offset + 8 }, size - UNCOUNTED_BYTES)
    }
    this.#batchBytes = Math.min(size, this.#recordsBytes)
    if (isNewest && headBytes < BATCH_HEAD_BYTES) return true
    this.#head.point(bytes, offset, size <= this.#recordsBytes)
    this.#visit(this.#head)
    return true
  }
}
