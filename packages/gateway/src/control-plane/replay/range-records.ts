import type { MaskedField, RecordPlan, RecordWithheldReason } from '@headgate/masking'
import {
  compressionOf,
  decodeRecords,
  decompressLater,
  isBatchIntact,
  isControl,
  isLogAppendTime,
  type KafkaRecord,
} from '@headgate/wire'
import { BatchHash } from './batch-hash.ts'
import type { FoundBatch, RangeSurvey } from './range-survey.ts'
import { maskRecord, type ShownRecord } from './shown-record.ts'

const MAX_BATCH_BYTES = 32 * 1024 * 1024
/** So much is masked before others have their turn, each record with what it costs besides its value. */
const SLICE_BYTES = 64 * 1024
const RECORD_BYTES = 256

/** A record of a replay, or what stands in its place. */
export type ReplayRecord = {
  readonly type: 'record'
  readonly offset: string
  readonly timestamp: string
  /** The viewer's masks of now hid more than the session's did. */
  readonly isMaskedMore?: true
} & (ShownRecord | { readonly withheld: RecordWithheldReason })

/** A batch of which nothing can be told. */
export interface UnreadableBatch {
  readonly type: 'unreadable'
  readonly firstOffset: string
  readonly lastOffset: string
  readonly reason: RecordWithheldReason
}

/** What is shown of a range at once. */
export interface RangePortion {
  readonly lines: readonly string[]
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly hash: BatchHash
  readonly masked: readonly MaskedField[]
  readonly withheldCount: number
  readonly recordCount: number
  /** Where the rest begins; `undefined` at the end of the range. */
  readonly next: bigint | undefined
}

/** Which records of a range are shown, and under what. */
export interface PortionOptions {
  readonly survey: RangeSurvey
  readonly from: bigint
  readonly lastOffset: bigint
  readonly then: RecordPlan | undefined
  readonly now: RecordPlan | undefined
  readonly maxRecords: number
  /** About how long the lines become. */
  readonly maxLength: number
}

/**
 * Masks the records that a survey found, as lines of JSON, until there are enough; in slices of a few milliseconds, so that
 * clients of the data plane have their turn in between.
 */
export async function portionOf(options: PortionOptions): Promise<RangePortion> {
  const portion = new Portion(options)
  await portion.fill()
  return portion.finish()
}

class Portion {
  readonly #options: PortionOptions
  readonly #lines: string[] = []
  readonly #hash = new BatchHash()
  readonly #masked = new Map<string, number>()
  #length = 0
  #sliceBytes = 0
  #recordCount = 0
  #withheldCount = 0
  #lastOffset: bigint
  #next: bigint | undefined

  constructor(options: PortionOptions) {
    this.#options = options
    this.#lastOffset = options.from - 1n
    this.#next = options.survey.next
  }

  async fill(): Promise<void> {
    for (const batch of this.#options.survey.batches) if (!(await this.#add(batch))) return
  }

  finish(): RangePortion {
    return {
      ...{ lines: this.#lines, hash: this.#hash, next: this.#next, recordCount: this.#recordCount },
      firstOffset: this.#options.from,
      lastOffset: this.#lastOffset,
      masked: [...this.#masked].map(([field, count]) => ({ field, count })),
      withheldCount: this.#withheldCount,
    }
  }

  /** Adds a batch; false when it did not fit whole. */
  async #add(batch: FoundBatch): Promise<boolean> {
    const { header, bytes } = batch
    const { maxRecords, maxLength } = this.#options
    if (this.#recordCount >= maxRecords || this.#length >= maxLength) return this.#stop(header.baseOffset)
    this.#hash.add(header, bytes.length)
    const batchEnd = header.baseOffset + BigInt(header.lastOffsetDelta)
    if (!isControl(header.attributes)) {
      const records = await readBatch(batch)
      if (typeof records === 'string') this.#addUnreadable(header.baseOffset, batchEnd, records, header.recordCount)
      else
        for (const record of records) {
          if (!this.#addRecord(batch, record)) return false
          if (this.#sliceBytes > SLICE_BYTES) await this.#pause()
        }
    }
    this.#lastOffset = batchEnd < this.#options.lastOffset ? batchEnd : this.#options.lastOffset
    return true
  }

  #addRecord({ header }: FoundBatch, record: KafkaRecord): boolean {
    const { from, lastOffset, then, now, maxRecords, maxLength } = this.#options
    const offset = header.baseOffset + BigInt(record.offsetDelta)
    if (offset < from || offset > lastOffset) return true
    if (this.#recordCount >= maxRecords || this.#length >= maxLength) return this.#stop(offset)
    this.#sliceBytes += RECORD_BYTES + (record.value?.length ?? 0)
    const outcome = maskRecord(record, then, now)
    const timestamp = isLogAppendTime(header.attributes)
      ? header.maxTimestamp
      : header.baseTimestamp + record.timestampDelta
    const line: ReplayRecord = {
      ...{ type: 'record', offset: String(offset), timestamp: timeOf(timestamp) },
      ...(outcome.isMaskedMore ? { isMaskedMore: true } : {}),
      ...('shown' in outcome ? outcome.shown : { withheld: outcome.withheld }),
    }
    this.#push(line)
    this.#recordCount += 1
    if (!('shown' in outcome)) this.#withheldCount += 1
    for (const { field, count } of outcome.masked) this.#masked.set(field, (this.#masked.get(field) ?? 0) + count)
    this.#lastOffset = offset
    return true
  }

  #addUnreadable(first: bigint, last: bigint, reason: RecordWithheldReason, recordCount: number): void {
    const line: UnreadableBatch = { type: 'unreadable', firstOffset: String(first), lastOffset: String(last), reason }
    this.#push(line)
    this.#withheldCount += recordCount
  }

  #push(line: ReplayRecord | UnreadableBatch): void {
    const text = JSON.stringify(line)
    this.#length += text.length
    this.#lines.push(text)
  }

  #pause(): Promise<void> {
    this.#sliceBytes = 0
    return new Promise((resolve) => setImmediate(resolve))
  }

  #stop(next: bigint): false {
    this.#next = next
    return false
  }
}

/** The records of a batch, or why they cannot be read. */
async function readBatch({ header, bytes }: FoundBatch): Promise<readonly KafkaRecord[] | RecordWithheldReason> {
  if (!isBatchIntact(bytes, { start: 0, end: bytes.length, magic: header.magic })) return 'batch-corrupt'
  const body = bytes.subarray(BATCH_HEADER)
  try {
    const codec = compressionOf(header.attributes)
    const plain = codec === 0 ? body : await decompressLater(codec, body, MAX_BATCH_BYTES)
    return decodeRecords(plain, header.recordCount)
  } catch {
    return 'batch-unreadable'
  }
}

const BATCH_HEADER = 61
const MAX_TIME_MS = 8_640_000_000_000_000n

/** A producer may write any time; one that is none is told as the number it is. */
function timeOf(unixMs: bigint): string {
  return unixMs >= 0n && unixMs <= MAX_TIME_MS ? new Date(Number(unixMs)).toISOString() : String(unixMs)
}
