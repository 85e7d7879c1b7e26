import { BATCH_HEADER_BYTES, crc32c } from '@headgate/wire'
import { type BatchFacts, lastOffsetOf } from './batch-facts.ts'
import { GrowingBytes, type TakeBytes } from './growing-bytes.ts'

const SPARE_BYTES = 4096
const LENGTH_AT = 8
const LENGTH_PREFIX_BYTES = 12
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const RECORD_COUNT_AT = 57

/** A batch that is handed on. */
export interface EmittedBatch {
  readonly facts: BatchFacts
  /** Where it stands in the output; -1 while its bytes are the source's. */
  outputAt: number
  /** The last offset in it that is seen. */
  readonly lastKept: bigint
}

/**
 * The record set that is handed on: runs of the source's own bytes, and batches that were written anew between them.
 * Nothing is copied before the first change.
 */
export class RecordSetOutput {
  readonly #source: Buffer
  /** What has been written; batches are written at its end. */
  readonly bytes: GrowingBytes
  /** Up to where the source is in the output, or left out. */
  #copied = 0
  #isChanged = false
  #last: EmittedBatch | undefined

  constructor(source: Buffer, take?: TakeBytes) {
    this.#source = source
    this.bytes = new GrowingBytes(source.length + SPARE_BYTES, take)
  }

  /** From where on the source's bytes are to be copied when the next batch is written. */
  get copiedTo(): number {
    return this.#copied
  }

  /** The batch that was handed on last. */
  get last(): EmittedBatch | undefined {
    return this.#last
  }

  /** Hands a batch on as it is. */
  keep(facts: BatchFacts): void {
    this.#last = { facts, outputAt: -1, lastKept: lastOffsetOf(facts) }
  }

  /** Leaves a batch out. */
  leaveOut({ start, end }: BatchFacts): void {
    this.#copyUntil(start)
    this.#copied = end
  }

  /** Writes other bytes in the place of a batch. */
  replace(facts: BatchFacts, batch: Buffer): void {
    this.leaveOut(facts)
    this.bytes.copy(batch, 0, batch.length)
    this.#last = { facts, outputAt: this.bytes.length - batch.length, lastKept: lastOffsetOf(facts) }
  }

  /** Writes the batch's header, and its records as they are from now on. */
  rewrite(facts: BatchFacts, records: Buffer, recordCount: number, lastKept: bigint): void {
    this.#copyUntil(facts.start)
    const outputAt = this.bytes.length
    this.bytes.copy(this.#source, facts.start, facts.start + BATCH_HEADER_BYTES)
    this.bytes.copy(records, 0, records.length)
    this.finishBatch(facts, outputAt, recordCount, lastKept)
  }

  /** Takes what was written from `outputAt` on for the batch: its length, count and checksum are set. */
  finishBatch(facts: BatchFacts, outputAt: number, recordCount: number, lastKept: bigint): void {
    const { bytes, length } = this.bytes
    bytes.writeInt32BE(length - outputAt - LENGTH_PREFIX_BYTES, outputAt + LENGTH_AT)
    bytes.writeInt32BE(recordCount, outputAt + RECORD_COUNT_AT)
    setChecksum(bytes, outputAt, length)
    this.#isChanged = true
    this.#copied = facts.end
    this.#last = { facts, outputAt, lastKept }
  }

  /** Lets the last batch end at another offset. */
  endLastAt(lastOffset: bigint): void {
    const last = this.#last
    if (last === undefined) return
    const delta = Number(lastOffset - last.facts.baseOffset)
    if (delta < 0 || delta > 0x7fffffff) return
    if (last.outputAt < 0) {
      this.#copyUntil(last.facts.end)
      last.outputAt = this.bytes.length - (last.facts.end - last.facts.start)
    }
    const { bytes, length } = this.bytes
    bytes.writeInt32BE(delta, last.outputAt + LAST_OFFSET_DELTA_AT)
    setChecksum(bytes, last.outputAt, length)
    this.#isChanged = true
  }

  /** Adds a batch of the gateway's own at the end. */
  append(batch: Buffer, at: number): void {
    this.#copyUntil(at)
    this.bytes.copy(batch, 0, batch.length)
  }

  /** The whole set, from a source of which `end` bytes count. */
  finish(end: number): Buffer {
    if (!this.#isChanged) return end === this.#source.length ? this.#source : this.#source.subarray(0, end)
    this.#copyUntil(end)
    return this.bytes.finish()
  }

  #copyUntil(at: number): void {
    this.#isChanged = true
    if (at <= this.#copied) return
    this.bytes.copy(this.#source, this.#copied, at)
    this.#copied = at
  }
}

function setChecksum(bytes: Buffer, start: number, end: number): void {
  bytes.writeUInt32BE(crc32c(bytes, start + ATTRIBUTES_AT, end), start + CRC_AT)
}
