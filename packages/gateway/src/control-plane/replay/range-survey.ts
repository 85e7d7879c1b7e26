import { decodeBatchHeader, type RecordBatchHeader, walkBatches } from '@headgate/wire'
import type { RecordSource } from '../../record-source.ts'
import { BatchHash } from './batch-hash.ts'

const READ_BYTES = 1024 * 1024
const MAGIC = 2

/** Records of one partition, as the trail tells of them. */
export interface RecordedRange {
  readonly topic: string
  readonly topicId: string | undefined
  readonly partition: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly hash: string
}

/**
 * What is otherwise than it was.
 *
 * - `topic-gone`: there is no such topic or partition any more.
 * - `topic-recreated`: the topic of this name is another one. None of its records are shown.
 * - `retention`: the log begins behind the first of the records.
 * - `cut-off`: the log ends before the last of them.
 * - `changed`: batches are missing or are not what they were, by their hash: compaction, or another hand.
 * - `unreachable`: the brokers did not answer.
 * - `not-checked`: there is more of it than is read to tell.
 */
export type RangeChange =
  | 'topic-gone'
  | 'topic-recreated'
  | 'retention'
  | 'cut-off'
  | 'changed'
  | 'unreachable'
  | 'not-checked'

/** A batch as it stands in the log now. */
export interface FoundBatch {
  readonly header: RecordBatchHeader
  readonly bytes: Buffer
}

/** What there is of a range now. */
export interface RangeSurvey {
  readonly changes: readonly RangeChange[]
  /** Where the log begins, where that is behind the first of the records. */
  readonly logStartOffset: bigint | undefined
  /** Whole batches from the offset that was asked for on, at least one where there is one. */
  readonly batches: readonly FoundBatch[]
  /** What was read for it. */
  readonly readBytes: number
  /** Where to go on behind them; `undefined` at the end of the range. */
  readonly next: bigint | undefined
}

/** What {@link surveyRange} is asked for. */
export interface SurveyOptions {
  readonly source: RecordSource
  readonly range: RecordedRange
  /** Where to begin; the range is checked when it is looked at from its beginning. */
  readonly from: bigint
  /** About how many bytes of batches are kept. */
  readonly keptBytes: number
  /** How many bytes are read to tell whether the range is what it was. */
  readonly checkedBytes: number
}

/** Reads a range once more, and tells what of it is otherwise than it was. It never throws. */
export function surveyRange(options: SurveyOptions): Promise<RangeSurvey> {
  return new RangeSurveyor(options).survey()
}

class RangeSurveyor {
  readonly #options: SurveyOptions
  readonly #checks: boolean
  readonly #hash = new BatchHash()
  readonly #batches: FoundBatch[] = []
  readonly #changes = new Set<RangeChange>()
  #keptBytes = 0
  #readBytes = 0
  #next: bigint | undefined
  #logStartOffset: bigint | undefined

  constructor(options: SurveyOptions) {
    this.#options = options
    this.#checks = options.from <= options.range.firstOffset
  }

  async survey(): Promise<RangeSurvey> {
    const { range, from } = this.#options
    let at: bigint | undefined = from
    while (at !== undefined && at <= range.lastOffset) at = await this.#read(at)
    if (this.#checks && this.#changes.size === 0 && this.#hash.finish() !== range.hash) this.#changes.add('changed')
    return {
      changes: [...this.#changes],
      logStartOffset: this.#logStartOffset,
      batches: this.#batches,
      readBytes: this.#readBytes,
      next: this.#next,
    }
  }

  /** Reads once; gives where to read on, or `undefined` where nothing more is wanted. */
  async #read(at: bigint): Promise<bigint | undefined> {
    const { source, range } = this.#options
    const { topic, partition } = range
    const answer = await source.read({ topic, partition, fromOffset: at, maxBytes: READ_BYTES })
    if (answer.outcome === 'unknown') return this.#end('topic-gone')
    if (answer.outcome === 'unreachable') return this.#end('unreachable')
    // INVARIANT: records of another topic are not what the session saw, whatever their offsets.
    const isOther = range.topicId !== undefined && answer.topicId !== undefined && range.topicId !== answer.topicId
    if (isOther) return this.#end('topic-recreated')
    const { logStartOffset } = answer
    if (logStartOffset !== undefined && logStartOffset > range.firstOffset) {
      this.#logStartOffset = logStartOffset
      this.#changes.add('retention')
    }
    if (answer.outcome === 'out-of-range') {
      if (logStartOffset !== undefined && logStartOffset > at) return logStartOffset
      return this.#end('cut-off')
    }
    try {
      return this.#take(answer.records, at)
    } catch {
      // No batches, by their lengths.
      return this.#end('not-checked')
    }
  }

  #take(records: Buffer, at: bigint): bigint | undefined {
    let behind = at
    for (const { start, end, magic } of walkBatches(records)) {
      // What is older than record batches has no head to go by.
      if (magic !== MAGIC) return this.#end('not-checked')
      const header = decodeBatchHeader(records, start)
      if (header.baseOffset > this.#options.range.lastOffset) return undefined
      this.#add({ header, bytes: records.subarray(start, end) })
      behind = header.baseOffset + BigInt(header.lastOffsetDelta) + 1n
      if (this.#next !== undefined && !this.#checks) return undefined
    }
    if (behind === at) return this.#end('cut-off')
    if (this.#readBytes > this.#options.checkedBytes && behind <= this.#options.range.lastOffset)
      return this.#end('not-checked')
    return behind
  }

  #add(batch: FoundBatch): void {
    const size = batch.bytes.length
    this.#hash.add(batch.header, size)
    this.#readBytes += size
    if (this.#next !== undefined) return
    if (this.#batches.length > 0 && this.#keptBytes + size > this.#options.keptBytes) {
      this.#next = batch.header.baseOffset
      return
    }
    this.#batches.push(batch)
    this.#keptBytes += size
  }

  #end(change: RangeChange): undefined {
    this.#changes.add(change)
    if (change === 'topic-recreated' || change === 'topic-gone') this.#batches.length = 0
    return undefined
  }
}
