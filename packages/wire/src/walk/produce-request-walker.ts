import { InvalidLengthError, ShortReadError, TrailingBytesError } from '../errors.ts'
import { Reader } from '../primitives/reader.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'

const FIRST_FLEXIBLE_VERSION = 9
const FIRST_VERSION_WITH_IDS = 13

/** Hears what a Produce request holds, in the order in which it stands there. */
export interface ProduceRequestVisitor {
  /** Called once, before any partition. `acks` is 0 for a request that wants no answer. */
  preamble(transactionalId: string | null, acks: number): void
  /**
   * Called for every partition as soon as the length of its records is known, before their bytes.
   *
   * The topic is named by `topicName`, from version 13 on by `topicId`; the other one is empty, or zero. `isOnly` says that
   * the request holds this one partition of this one topic.
   */
  partition(topicName: string, topicId: string, index: number, recordsBytes: number, isOnly: boolean): void
}

type Step = 'preamble' | 'topic' | 'partition' | 'records' | 'partition-end' | 'topic-end' | 'body-end' | 'done'

/**
 * Walks the body of a Produce request that comes in pieces, without building objects or copying records.
 *
 * ```
 * body      = transactional_id nullable string, acks int16, timeout_ms int32, [topic], tags
 * topic     = name string (v13+: topic_id uuid), [partition], tags
 * partition = index int32, records nullable bytes, tags
 * ```
 * Strings, arrays and bytes are compact, and tags are there, from version 9 on. A head that a piece cuts in two is kept until
 * the next piece; only such a head is copied.
 *
 * @see ProduceRequest.json, versions 3 to 13
 */
export class ProduceRequestWalker {
  readonly #visitor: ProduceRequestVisitor
  #version = 0
  #isFlexible = false
  #step: Step = 'done'
  #bodyBytesLeft = 0
  #carry: Buffer | null = null
  #topicsLeft = 0
  #partitionsLeft = 0
  #recordsBytesLeft = 0
  #isOnlyTopic = false
  #hasUnknownTags = false
  #topicName = ''
  #topicId: string = ZERO_UUID

  constructor(visitor: ProduceRequestVisitor) {
    this.#visitor = visitor
  }

  /** Whether a tagged field was seen that the version does not define. */
  get hasUnknownTags(): boolean {
    return this.#hasUnknownTags
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
    this.#hasUnknownTags = false
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
    if (this.#step === 'records') return this.#skipRecords(reader)
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

  #skipRecords(reader: Reader): boolean {
    const skipped = Math.min(this.#recordsBytesLeft, reader.remaining)
    reader.skip(skipped)
    this.#recordsBytesLeft -= skipped
    if (this.#recordsBytesLeft > 0) {
      if (this.#bodyBytesLeft === 0)
        throw new ShortReadError({ field: 'records', offset: reader.offset }, this.#recordsBytesLeft, 0)
      return false
    }
    this.#step = 'partition-end'
    return true
  }

  // INVARIANT: each step reads all its fields before it changes anything, so that it can be taken again with more bytes.
  #read(reader: Reader): void {
    if (this.#step === 'preamble') this.#readPreamble(reader)
    else if (this.#step === 'topic') this.#readTopic(reader)
    else if (this.#step === 'partition') this.#readPartition(reader)
    else this.#readEnd(reader)
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

  #readPreamble(reader: Reader): void {
    const transactionalId = reader.nullableString(this.#isFlexible, 'transactionalId')
    const acks = reader.int16('acks')
    reader.int32('timeoutMs')
    const topics = this.#readCount(reader, 'topicData')
    this.#topicsLeft = topics
    this.#isOnlyTopic = topics === 1
    this.#step = topics > 0 ? 'topic' : 'body-end'
    this.#visitor.preamble(transactionalId, acks)
  }

  #readTopic(reader: Reader): void {
    const hasId = this.#version >= FIRST_VERSION_WITH_IDS
    const topicName = hasId ? '' : reader.string(this.#isFlexible, 'name')
    const topicId = hasId ? reader.uuid('topicId') : ZERO_UUID
    this.#partitionsLeft = this.#readCount(reader, 'partitionData')
    this.#topicName = topicName
    this.#topicId = topicId
    this.#isOnlyTopic &&= this.#partitionsLeft === 1
    this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-end'
  }

  #readPartition(reader: Reader): void {
    const index = reader.int32('index')
    const length = this.#isFlexible ? reader.uvarint('records') - 1 : reader.int32('records')
    const recordsBytes = Math.max(length, 0)
    if (length < -1 || recordsBytes > reader.remaining + this.#bodyBytesLeft) {
      throw new InvalidLengthError({ field: 'records', offset: reader.offset }, length)
    }
    this.#recordsBytesLeft = recordsBytes
    this.#step = 'records'
    this.#visitor.partition(this.#topicName, this.#topicId, index, recordsBytes, this.#isOnlyTopic)
  }

  #readCount(reader: Reader, field: string): number {
    const count = this.#isFlexible ? reader.uvarint(field) - 1 : reader.int32(field)
    if (count < 0 || count > reader.remaining + this.#bodyBytesLeft)
      throw new InvalidLengthError({ field, offset: reader.offset }, count)
    return count
  }

  #skipTags(reader: Reader): void {
    if (this.#isFlexible && reader.unknownTags() !== undefined) this.#hasUnknownTags = true
  }
}
