import { InvalidLengthError, ShortReadError, TrailingBytesError } from '../errors.ts'
import { Reader } from '../primitives/reader.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'
import { BATCH_HEADER_BYTES } from '../records/batch-header.ts'

const FIRST_VERSION_WITH_LOG_START = 5
const FIRST_VERSION_WITH_SESSIONS = 7
const FIRST_VERSION_WITH_PREFERRED_REPLICA = 11
const FIRST_FLEXIBLE_VERSION = 12
const FIRST_VERSION_WITH_IDS = 13
const MAGIC_OFFSET = 16
const OLD_HEADER_BYTES = 17

/** A partition of a fetch answer. One object serves all partitions of a walker: copy what is kept. */
export interface FetchedPartition {
  topicName: string
  topicId: string
  index: number
  errorCode: number
  highWatermark: bigint
  /** The length of its records; 0 when there are none. */
  recordsBytes: number
}

/** Hears what a Fetch response holds, in the order in which it stands there. */
export interface FetchResponseVisitor {
  /** Called for every partition, before its records. */
  partition(partition: FetchedPartition): void
  /**
   * Called for the head of every batch: `head` holds its first 61 bytes from `offset` on (17 for the old formats), valid
   * during the call. `isWhole` is `false` for a last batch that the broker cut off.
   */
  batch(partition: FetchedPartition, head: Buffer, offset: number, isWhole: boolean): void
}

type Step =
  | 'preamble'
  | 'topic'
  | 'partition'
  | 'batch-head'
  | 'batch-rest'
  | 'partition-end'
  | 'topic-end'
  | 'body-end'
  | 'done'

/**
 * Walks the body of a Fetch response that comes in pieces, without building objects or copying records.
 *
 * ```
 * body      = throttle_time_ms int32, (v7+: error_code int16, session_id int32), [topic], tags
 * topic     = name string (v13+: topic_id uuid), [partition], tags
 * partition = index int32, error_code int16, high_watermark int64, last_stable_offset int64, (v5+: log_start_offset int64),
 *             [aborted transaction], (v11+: preferred_read_replica int32), records nullable bytes, tags
 * ```
 * Strings, arrays and bytes are compact, and tags are there, from version 12 on. Heads that a piece cuts in two are kept
 * until the next piece; only they are copied.
 *
 * @see FetchResponse.json, versions 4 to 18
 */
export class FetchResponseWalker {
  readonly #visitor: FetchResponseVisitor
  readonly #partition: FetchedPartition = {
    topicName: '',
    topicId: ZERO_UUID,
    index: 0,
    errorCode: 0,
    highWatermark: 0n,
    recordsBytes: 0,
  }
  #version = 0
  #isFlexible = false
  #step: Step = 'done'
  #bodyBytesLeft = 0
  #carry: Buffer | null = null
  #topicsLeft = 0
  #partitionsLeft = 0
  #recordsBytesLeft = 0
  #batchBytesLeft = 0

  constructor(visitor: FetchResponseVisitor) {
    this.#visitor = visitor
  }

  /** Whether the whole body has been walked. */
  get isDone(): boolean {
    return this.#step === 'done'
  }

  /** Begins a body of `bodyBytes` bytes. */
  reset(version: number, bodyBytes: number): void {
    this.#version = version
    this.#isFlexible = version >= FIRST_FLEXIBLE_VERSION
    this.#step = 'preamble'
    this.#bodyBytesLeft = bodyBytes
    this.#carry = null
  }

  /**
   * Walks the next bytes of the body.
   *
   * @throws {ShortReadError} `ERR_WIRE_SHORT_READ` when the body ends too early.
   * @throws {TrailingBytesError} `ERR_WIRE_TRAILING_BYTES` when bytes follow the body.
   * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when a count or length cannot fit into the body.
   */
  push(bytes: Buffer, start: number, end: number): void {
    this.#bodyBytesLeft -= end - start
    if (this.#bodyBytesLeft < 0) throw new TrailingBytesError(start, -this.#bodyBytesLeft)
    const carry = this.#carry
    this.#carry = null
    const reader =
      carry === null ? new Reader(bytes, start, end) : new Reader(Buffer.concat([carry, bytes.subarray(start, end)]))
    while (this.#step !== 'done' && this.#advance(reader)) {}
    if (this.#step === 'done' && (reader.remaining > 0 || this.#bodyBytesLeft > 0)) {
      throw new TrailingBytesError(reader.offset, reader.remaining + this.#bodyBytesLeft)
    }
  }

  /** Takes one step; `false` when it needs bytes that have not come yet. */
  #advance(reader: Reader): boolean {
    if (this.#step === 'batch-rest') return this.#skipBatch(reader)
    const mark = reader.offset
    try {
      this.#read(reader)
      return true
    } catch (cause) {
      if (!(cause instanceof ShortReadError) || this.#bodyBytesLeft === 0) throw cause
      this.#carry = Buffer.from(reader.bytes.subarray(mark, reader.end))
      return false
    }
  }

  // INVARIANT: each step reads all its fields before it changes anything, so that it can be taken again with more bytes.
  #read(reader: Reader): void {
    if (this.#step === 'preamble') this.#readPreamble(reader)
    else if (this.#step === 'topic') this.#readTopic(reader)
    else if (this.#step === 'partition') this.#readPartition(reader)
    else if (this.#step === 'batch-head') this.#readBatchHead(reader)
    else this.#readEnd(reader)
  }

  #readPreamble(reader: Reader): void {
    reader.int32('throttleTimeMs')
    if (this.#version >= FIRST_VERSION_WITH_SESSIONS) {
      reader.int16('errorCode')
      reader.int32('sessionId')
    }
    this.#topicsLeft = this.#readCount(reader, 'responses')
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'body-end'
  }

  #readTopic(reader: Reader): void {
    const hasId = this.#version >= FIRST_VERSION_WITH_IDS
    const topicName = hasId ? '' : reader.string(this.#isFlexible, 'topic')
    const topicId = hasId ? reader.uuid('topicId') : ZERO_UUID
    this.#partitionsLeft = this.#readCount(reader, 'partitions')
    this.#partition.topicName = topicName
    this.#partition.topicId = topicId
    this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-end'
  }

  #readPartition(reader: Reader): void {
    const index = reader.int32('partitionIndex')
    const errorCode = reader.int16('errorCode')
    const highWatermark = reader.int64('highWatermark')
    reader.skip(this.#version >= FIRST_VERSION_WITH_LOG_START ? 16 : 8, 'lastStableOffset')
    this.#skipAbortedTransactions(reader)
    if (this.#version >= FIRST_VERSION_WITH_PREFERRED_REPLICA) reader.int32('preferredReadReplica')
    const length = this.#isFlexible ? reader.uvarint('records') - 1 : reader.int32('records')
    const recordsBytes = Math.max(length, 0)
    if (length < -1 || recordsBytes > reader.remaining + this.#bodyBytesLeft) {
      throw new InvalidLengthError({ field: 'records', offset: reader.offset }, length)
    }
    Object.assign(this.#partition, { index, errorCode, highWatermark, recordsBytes })
    this.#recordsBytesLeft = recordsBytes
    this.#visitor.partition(this.#partition)
    this.#step = recordsBytes > 0 ? 'batch-head' : 'partition-end'
  }

  #skipAbortedTransactions(reader: Reader): void {
    const count = this.#isFlexible ? reader.uvarint('abortedTransactions') - 1 : reader.int32('abortedTransactions')
    for (let index = 0; index < count; index += 1) {
      reader.skip(16, 'abortedTransaction')
      this.#skipTags(reader)
    }
  }

  /** What is left of the records may be shorter than a head: the broker cuts where its limit is. */
  #readBatchHead(reader: Reader): void {
    const left = this.#recordsBytesLeft
    if (left < OLD_HEADER_BYTES) {
      this.#beginSkip(left)
      return
    }
    const offset = reader.skip(OLD_HEADER_BYTES, 'batch')
    reader.offset = offset
    const batchBytes = 12 + reader.bytes.readInt32BE(offset + 8)
    const isCurrent = reader.bytes.readInt8(offset + MAGIC_OFFSET) >= 2
    const headBytes = isCurrent ? BATCH_HEADER_BYTES : OLD_HEADER_BYTES
    if (batchBytes < headBytes)
      throw new InvalidLengthError({ field: 'batchLength', offset: offset + 8 }, batchBytes - 12)
    if (left >= headBytes) {
      reader.skip(headBytes, 'batch')
      reader.offset = offset
      this.#visitor.batch(this.#partition, reader.bytes, offset, batchBytes <= left)
    }
    this.#beginSkip(Math.min(batchBytes, left))
  }

  #beginSkip(bytes: number): void {
    this.#batchBytesLeft = bytes
    this.#step = 'batch-rest'
  }

  #skipBatch(reader: Reader): boolean {
    const skipped = Math.min(this.#batchBytesLeft, reader.remaining)
    reader.skip(skipped)
    this.#batchBytesLeft -= skipped
    this.#recordsBytesLeft -= skipped
    if (this.#batchBytesLeft === 0) {
      this.#step = this.#recordsBytesLeft > 0 ? 'batch-head' : 'partition-end'
      return true
    }
    if (this.#bodyBytesLeft > 0) return false
    throw new ShortReadError({ field: 'records', offset: reader.offset }, this.#batchBytesLeft, 0)
  }

  /** The tagged fields at the end of a partition, a topic or the body. */
  #readEnd(reader: Reader): void {
    this.#skipTags(reader)
    if (this.#step === 'partition-end') {
      this.#partitionsLeft -= 1
      this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-end'
    } else if (this.#step === 'topic-end') {
      this.#topicsLeft -= 1
      this.#step = this.#topicsLeft > 0 ? 'topic' : 'body-end'
    } else {
      this.#step = 'done'
    }
  }

  #readCount(reader: Reader, field: string): number {
    const count = this.#isFlexible ? reader.uvarint(field) - 1 : reader.int32(field)
    if (count >= 0 && count <= reader.remaining + this.#bodyBytesLeft) return count
    throw new InvalidLengthError({ field, offset: reader.offset }, count)
  }

  #skipTags(reader: Reader): void {
    if (this.#isFlexible) reader.unknownTags()
  }
}
