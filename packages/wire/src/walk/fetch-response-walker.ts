import { InvalidLengthError } from '../errors.ts'
import type { Reader } from '../primitives/reader.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'
import { assertVersion } from '../primitives/version.ts'
import { type BatchHead, BatchWalk } from './batch-head.ts'
import { PiecewiseBody, type StepResult } from './piecewise-body.ts'
import { TagWalk } from './tag-walk.ts'

const FIRST_VERSION = 4
const LAST_VERSION = 18
const FIRST_WITH_LOG_START = 5
const FIRST_WITH_SESSION = 7
const FIRST_WITH_READ_REPLICA = 11
const FIRST_FLEXIBLE = 12
const FIRST_WITH_IDS = 13

/** A partition of a Fetch response; one object serves the whole walk, so that what is kept must be copied out. */
export interface FetchedPartition {
  /** Empty from version 13 on, where `topicId` names the topic. */
  readonly topicName: string
  readonly topicId: string
  readonly index: number
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  readonly recordsBytes: number
  /** Where the partition begins, in bytes from the start of the body: its index, then its error code. */
  readonly position: number
  /** Where the length of the records stands. */
  readonly recordsLengthPosition: number
  /** Where the records begin. */
  readonly recordsPosition: number
}

/** Hears what a Fetch response holds, in the order in which it stands there. */
export interface FetchResponseVisitor {
  /** Called once, before any partition. Before version 7 `errorCode` and `sessionId` are 0. */
  preamble?(throttleTimeMs: number, errorCode: number, sessionId: number): void
  /** Called for every partition as soon as the length of its records is known, before their bytes. */
  partition?(partition: FetchedPartition): void
  /** Called for every batch as soon as its head is there, before its records. */
  batch?(head: BatchHead, partition: FetchedPartition): void
  /** Called when the records of a partition are over. */
  partitionEnd?(partition: FetchedPartition): void
  /**
   * Called for each tagged field behind the last topic, from version 12 on, before its content; from version 16 on tag 0
   * holds the addresses of brokers. `position` is where the content begins in the body.
   */
  bodyTag?(tag: number, position: number, sizeBytes: number): void
}

type Step =
  | 'preamble'
  | 'topic'
  | 'partition'
  | 'aborted'
  | 'aborted-tags'
  | 'records-length'
  | 'records'
  | 'partition-tags'
  | 'topic-tags'
  | 'body-tags'

/**
 * Walks the body of a Fetch response that comes in pieces, without building objects or copying records.
 *
 * ```
 * body      = throttle_time_ms int32, (v7+: error_code int16, session_id int32), [topic], tags
 * topic     = name string (v13+: topic_id uuid), [partition], tags
 * partition = index int32, error_code int16, high_watermark int64, last_stable_offset int64, (v5+: log_start_offset int64),
 *             nullable [producer_id int64, first_offset int64, tags], (v11+: preferred_read_replica int32),
 *             records nullable bytes, tags
 * ```
 * Strings, arrays and bytes are compact, and tags are there, from version 12 on.
 *
 * @see FetchResponse.json, versions 4 to 18
 */
export class FetchResponseWalker {
  readonly #visitor: FetchResponseVisitor
  readonly #body: PiecewiseBody = new PiecewiseBody((reader) => this.#advance(reader))
  readonly #batches: BatchWalk = new BatchWalk((head) => this.#visitor.batch?.(head, this.#partition))
  readonly #tags: TagWalk = new TagWalk()
  readonly #partition = {
    topicName: '',
    topicId: ZERO_UUID,
    index: 0,
    errorCode: 0,
    highWatermark: 0n,
    lastStableOffset: 0n,
    recordsBytes: 0,
    position: 0,
    recordsLengthPosition: 0,
    recordsPosition: 0,
  }
  #version = LAST_VERSION
  #isFlexible = false
  #step: Step = 'preamble'
  #topicsLeft = 0
  #partitionsLeft = 0
  #abortedLeft = 0

  constructor(visitor: FetchResponseVisitor) {
    this.#visitor = visitor
  }

  /** Whether the whole body has been walked. */
  get isDone(): boolean {
    return this.#body.isDone
  }

  /**
   * Begins a body of `bodyBytes` bytes.
   *
   * @throws {UnsupportedVersionError} `ERR_WIRE_UNSUPPORTED_VERSION`
   */
  reset(version: number, bodyBytes: number): void {
    assertVersion('FetchResponse', version, FIRST_VERSION, LAST_VERSION)
    this.#version = version
    this.#isFlexible = version >= FIRST_FLEXIBLE
    this.#step = 'preamble'
    this.#tags.reset()
    this.#body.reset(bodyBytes)
  }

  /**
   * Walks the next bytes of the body, which must stay as they are during the call.
   *
   * @throws {ShortReadError} `ERR_WIRE_SHORT_READ` when the body ends too early.
   * @throws {TrailingBytesError} `ERR_WIRE_TRAILING_BYTES` when bytes follow the body.
   * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when a count or length cannot fit into the body.
   */
  push(bytes: Buffer, start: number, end: number): void {
    this.#body.push(bytes, start, end)
  }

  #advance(reader: Reader): StepResult {
    switch (this.#step) {
      case 'preamble':
        return this.#readPreamble(reader)
      case 'topic':
        return this.#readTopic(reader)
      case 'partition':
        return this.#readPartition(reader)
      case 'aborted':
        return this.#readAborted(reader)
      case 'records-length':
        return this.#readRecordsLength(reader)
      case 'records':
        return this.#skipRecords(reader)
      default:
        return this.#readTags(reader)
    }
  }

  #readPreamble(reader: Reader): StepResult {
    const throttleTimeMs = reader.int32('throttleTimeMs')
    const hasSession = this.#version >= FIRST_WITH_SESSION
    const errorCode = hasSession ? reader.int16('errorCode') : 0
    const sessionId = hasSession ? reader.int32('sessionId') : 0
    this.#topicsLeft = this.#readCount(reader, 'responses')
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'body-tags'
    this.#visitor.preamble?.(throttleTimeMs, errorCode, sessionId)
    return this.#endOfPlainBody()
  }

  #readTopic(reader: Reader): StepResult {
    const hasId = this.#version >= FIRST_WITH_IDS
    const topicName = hasId ? '' : reader.string(this.#isFlexible, 'topic')
    const topicId = hasId ? reader.uuid('topicId') : ZERO_UUID
    this.#partitionsLeft = this.#readCount(reader, 'partitions')
    this.#partition.topicName = topicName
    this.#partition.topicId = topicId
    this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-tags'
    return 'again'
  }

  #readPartition(reader: Reader): StepResult {
    const position = this.#body.position(reader)
    const index = reader.int32('partitionIndex')
    const errorCode = reader.int16('errorCode')
    const highWatermark = reader.int64('highWatermark')
    const lastStableOffset = reader.int64('lastStableOffset')
    if (this.#version >= FIRST_WITH_LOG_START) reader.skip(8, 'logStartOffset')
    this.#abortedLeft = this.#readCount(reader, 'abortedTransactions', true)
    const partition = this.#partition
    partition.position = position
    partition.index = index
    partition.errorCode = errorCode
    partition.highWatermark = highWatermark
    partition.lastStableOffset = lastStableOffset
    this.#step = this.#abortedLeft > 0 ? 'aborted' : 'records-length'
    return 'again'
  }

  #readAborted(reader: Reader): StepResult {
    reader.skip(16, 'abortedTransaction')
    this.#abortedLeft -= 1
    this.#step = 'aborted-tags'
    return 'again'
  }

  #readRecordsLength(reader: Reader): StepResult {
    if (this.#version >= FIRST_WITH_READ_REPLICA) reader.skip(4, 'preferredReadReplica')
    const recordsLengthPosition = this.#body.position(reader)
    const recordsBytes = this.#readCount(reader, 'records', true)
    const partition = this.#partition
    partition.recordsLengthPosition = recordsLengthPosition
    partition.recordsBytes = recordsBytes
    partition.recordsPosition = this.#body.position(reader)
    this.#batches.reset(recordsBytes)
    this.#step = 'records'
    this.#visitor.partition?.(partition)
    return 'again'
  }

  #skipRecords(reader: Reader): StepResult {
    if (this.#batches.bytesLeft > 0 && !this.#batches.advance(reader)) return 'more'
    if (this.#batches.bytesLeft > 0) return 'again'
    this.#visitor.partitionEnd?.(this.#partition)
    this.#step = 'partition-tags'
    return 'again'
  }

  /** The tagged fields at the end of a struct; before version 12 nothing stands there. */
  #readTags(reader: Reader): StepResult {
    const tags = this.#isFlexible ? this.#advanceTags(reader) : 'done'
    if (tags !== 'done' || this.#step === 'body-tags') return tags
    if (this.#step === 'aborted-tags') {
      this.#step = this.#abortedLeft > 0 ? 'aborted' : 'records-length'
      return 'again'
    }
    if (this.#step === 'partition-tags') {
      this.#partitionsLeft -= 1
      this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-tags'
      return 'again'
    }
    this.#topicsLeft -= 1
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'body-tags'
    return this.#endOfPlainBody()
  }

  #advanceTags(reader: Reader): StepResult {
    const bytesLeft = this.#body.bytesLeft(reader)
    if (this.#step !== 'body-tags') return this.#tags.advance(reader, bytesLeft)
    return this.#tags.advance(reader, bytesLeft, (tag, sizeBytes) =>
      this.#visitor.bodyTag?.(tag, this.#body.position(reader), sizeBytes),
    )
  }

  /** Before version 12 the body ends without tagged fields. */
  #endOfPlainBody(): StepResult {
    return this.#step === 'body-tags' && !this.#isFlexible ? 'done' : 'again'
  }

  #readCount(reader: Reader, field: string, isNullable = false): number {
    const count = this.#isFlexible ? reader.uvarint(field) - 1 : reader.int32(field)
    if (count === -1 && isNullable) return 0
    if (count < 0 || count > this.#body.bytesLeft(reader)) {
      throw new InvalidLengthError({ field, offset: this.#body.position(reader) }, count)
    }
    return count
  }
}
