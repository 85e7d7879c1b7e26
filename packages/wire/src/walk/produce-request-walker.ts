import { InvalidLengthError } from '../errors.ts'
import type { Reader } from '../primitives/reader.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'
import { type BatchHead, BatchWalk } from './batch-head.ts'
import { PiecewiseBody, type StepResult } from './piecewise-body.ts'
import { TagWalk } from './tag-walk.ts'

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
  /**
   * Called for every batch of the partition told of last, as soon as its head is there. Where nobody listens, records are
   * stepped over without a look at them. Records that are no batches are not told of: the broker refuses them.
   */
  batch?(head: BatchHead): void
}

type Step = 'preamble' | 'topic' | 'partition' | 'records' | 'partition-tags' | 'topic-tags' | 'body-tags'

/**
 * Walks the body of a Produce request that comes in pieces, without building objects or copying records.
 *
 * ```
 * body      = transactional_id nullable string, acks int16, timeout_ms int32, [topic], tags
 * topic     = name string (v13+: topic_id uuid), [partition], tags
 * partition = index int32, records nullable bytes, tags
 * ```
 * Strings, arrays and bytes are compact, and tags are there, from version 9 on.
 *
 * @see ProduceRequest.json, versions 3 to 13
 */
export class ProduceRequestWalker {
  readonly #visitor: ProduceRequestVisitor
  readonly #body: PiecewiseBody = new PiecewiseBody((reader) => this.#advance(reader))
  readonly #batches: BatchWalk | undefined
  readonly #tags: TagWalk = new TagWalk()
  #version = 0
  #isFlexible = false
  #step: Step = 'preamble'
  #topicsLeft = 0
  #partitionsLeft = 0
  #recordsBytesLeft = 0
  #isOnlyTopic = false
  #topicName = ''
  #topicId: string = ZERO_UUID

  constructor(visitor: ProduceRequestVisitor) {
    this.#visitor = visitor
    this.#batches = visitor.batch === undefined ? undefined : new BatchWalk((head) => visitor.batch?.(head), true)
  }

  /** Whether a tagged field was seen that the version does not define. */
  get hasUnknownTags(): boolean {
    return this.#tags.hasAny
  }

  /** Whether the whole body has been walked. */
  get isDone(): boolean {
    return this.#body.isDone
  }

  /** Begins a body of `bodyBytes` bytes. */
  reset(version: number, bodyBytes: number): void {
    this.#version = version
    this.#isFlexible = version >= FIRST_FLEXIBLE_VERSION
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
    if (this.#step === 'preamble') return this.#readPreamble(reader)
    if (this.#step === 'topic') return this.#readTopic(reader)
    if (this.#step === 'partition') return this.#readPartition(reader)
    if (this.#step === 'records') return this.#skipRecords(reader)
    return this.#readTags(reader)
  }

  #readPreamble(reader: Reader): StepResult {
    const transactionalId = reader.nullableString(this.#isFlexible, 'transactionalId')
    const acks = reader.int16('acks')
    reader.int32('timeoutMs')
    this.#topicsLeft = this.#readCount(reader, 'topicData')
    this.#isOnlyTopic = this.#topicsLeft === 1
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'body-tags'
    this.#visitor.preamble(transactionalId, acks)
    return this.#endOfPlainBody()
  }

  #readTopic(reader: Reader): StepResult {
    const hasId = this.#version >= FIRST_VERSION_WITH_IDS
    const topicName = hasId ? '' : reader.string(this.#isFlexible, 'name')
    const topicId = hasId ? reader.uuid('topicId') : ZERO_UUID
    this.#partitionsLeft = this.#readCount(reader, 'partitionData')
    this.#topicName = topicName
    this.#topicId = topicId
    this.#isOnlyTopic &&= this.#partitionsLeft === 1
    this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-tags'
    return 'again'
  }

  #readPartition(reader: Reader): StepResult {
    const index = reader.int32('index')
    const recordsBytes = this.#readCount(reader, 'records', true)
    this.#recordsBytesLeft = recordsBytes
    this.#batches?.reset(recordsBytes)
    this.#step = 'records'
    this.#visitor.partition(this.#topicName, this.#topicId, index, recordsBytes, this.#isOnlyTopic)
    return 'again'
  }

  #skipRecords(reader: Reader): StepResult {
    if (this.#recordsBytesLeft > 0) {
      const before = reader.offset
      const canGoOn =
        this.#batches === undefined ? skipSome(reader, this.#recordsBytesLeft) : this.#batches.advance(reader)
      this.#recordsBytesLeft -= reader.offset - before
      if (!canGoOn) return 'more'
    }
    if (this.#recordsBytesLeft === 0) this.#step = 'partition-tags'
    return 'again'
  }

  /** The tagged fields at the end of a partition, a topic or the body; before version 9 nothing stands there. */
  #readTags(reader: Reader): StepResult {
    const tags = this.#isFlexible ? this.#tags.advance(reader, this.#body.bytesLeft(reader)) : 'done'
    if (tags !== 'done') return tags
    if (this.#step === 'body-tags') return 'done'
    if (this.#step === 'partition-tags') {
      this.#partitionsLeft -= 1
      this.#step = this.#partitionsLeft > 0 ? 'partition' : 'topic-tags'
      return 'again'
    }
    this.#topicsLeft -= 1
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'body-tags'
    return this.#endOfPlainBody()
  }

  /** Before version 9 the body ends without tagged fields. */
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

/** Skips what has come of `size` bytes; `false` when more must come. */
function skipSome(reader: Reader, size: number): boolean {
  const skipped = Math.min(size, reader.remaining)
  reader.skip(skipped)
  return skipped === size
}
