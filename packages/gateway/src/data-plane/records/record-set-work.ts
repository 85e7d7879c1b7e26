import type { RecordWithheldReason } from '@headgate/masking'
import {
  BATCH_HEADER_BYTES,
  Compression,
  compressionOf,
  DecompressedTooLargeError,
  isBatchIntact,
  isControl,
} from '@headgate/wire'
import { type BatchFacts, lastOffsetOf, readBatchFacts } from './batch-facts.ts'
import type { CompiledMask } from './compiled-mask.ts'
import { GrowingBytes, type TakeBytes } from './growing-bytes.ts'
import type { MaskBudget } from './mask-budget.ts'
import { MaskCounts } from './mask-counts.ts'
import { type MaskWork, PAUSE } from './mask-step.ts'
import type { MaskedRecordSet, RecordRefusal, WithheldForm } from './masked-record-set.ts'
import { RecordBatchWork } from './record-batch-work.ts'
import { RecordMasker } from './record-masker.ts'
import { RecordSetOutput } from './record-set-output.ts'
import { isTransactionMarker } from './transaction-marker.ts'
import { createMarkerBatch, createPlaceholderBatch } from './withheld-batches.ts'

const LEAST_RECORD_BYTES = 7
const NOTHING = Buffer.alloc(0)
const SPARE_BYTES = 4096
const MAX_DELTA = 0x7fffffffn

/** What a record set is masked by. */
export interface RecordSetOptions {
  readonly mask: CompiledMask
  /** The offset that was asked for: what lies before it in the first batch has been read. */
  readonly fetchOffset: bigint
  readonly form: WithheldForm
  readonly budget: MaskBudget
  /** Where the memory for a changed set comes from. */
  readonly take?: TakeBytes | undefined
}

/** The records of one partition, batch by batch. */
export class RecordSetWork {
  readonly #records: Buffer
  readonly #options: RecordSetOptions
  readonly #masker: RecordMasker
  readonly #output: RecordSetOutput
  readonly #counts = new MaskCounts()
  readonly #scratch = new GrowingBytes(0)
  #recordCount = 0
  #maskedCount = 0
  #first: bigint | undefined
  /** The first offset of what is withheld, and the last of it where nothing is seen behind it. */
  #withheldFrom: bigint | undefined
  #tailEnd: bigint | undefined
  #refusal: RecordRefusal | undefined
  #leaderEpoch = -1

  constructor(records: Buffer, options: RecordSetOptions) {
    this.#records = records
    this.#options = options
    this.#masker = new RecordMasker(options.mask.plan, options.form === 'refusal')
    this.#output = new RecordSetOutput(records, options.take)
  }

  /** Masks the set. */
  *run(): MaskWork<MaskedRecordSet> {
    const { budget } = this.#options
    let at = 0
    while (this.#refusal === undefined) {
      const facts = readBatchFacts(this.#records, at)
      if (facts === undefined || (budget.isInflated && isCompressed(facts))) break
      yield* this.#maskBatch(facts)
      at = facts.end
      budget.spend(BATCH_HEADER_BYTES)
      if (budget.sliceLeft === 0) {
        budget.renew()
        yield PAUSE
      }
    }
    return this.#finish(at)
  }

  *#maskBatch(facts: BatchFacts): MaskWork<void> {
    const { form } = this.#options
    this.#leaderEpoch = facts.magic < 2 ? -1 : this.#records.readInt32BE(facts.start + 12)
    if (facts.magic < 2) this.#withholdBatch(facts, 'batch-too-old')
    else if (facts.magic > 2 || facts.lastOffsetDelta < 0) this.#withholdBatch(facts, 'batch-unreadable')
    else if (!isBatchIntact(this.#records, facts)) this.#withholdBatch(facts, 'batch-corrupt')
    else if (isControl(facts.attributes)) {
      // Only the broker writes markers.
      const isMarker = form !== 'refusal' && isTransactionMarker(this.#records, facts)
      if (isMarker) this.#keep(facts, 0)
      else this.#withholdBatch(facts, 'batch-unreadable')
    } else if (facts.recordCount === 0 && facts.end - facts.start === BATCH_HEADER_BYTES) this.#keep(facts, 0)
    else yield* this.#maskRecords(facts)
  }

  *#maskRecords(facts: BatchFacts): MaskWork<void> {
    const source = yield* this.#open(facts)
    if (source === undefined) return
    const { output, copyFrom } = source
    const mark = output.length
    const { form } = this.#options
    const work = new RecordBatchWork({ ...source, ...countsOf(facts), form }, this.#masker)
    yield* this.#advance(work)
    const outcome = this.#outcomeOf(facts, work)
    if (outcome !== 'rewrite') output.truncate(mark)
    else if (output === this.#scratch) {
      const codec = compressionOf(facts.attributes)
      const compressed = yield { kind: 'compress', codec, bytes: output.finish() }
      this.#output.rewrite(facts, compressed ?? NOTHING, work.keptCount, keptOffset(facts, work))
    } else this.#output.finishBatch(facts, mark + facts.start - copyFrom, work.keptCount, keptOffset(facts, work))
    this.#conclude(facts, work, outcome)
  }

  /** Gives the records of a batch, and where their masked form goes; a batch that cannot be read is withheld here. */
  *#open(facts: BatchFacts): MaskWork<RecordSource | undefined> {
    const from = facts.start + BATCH_HEADER_BYTES
    if (!isCompressed(facts)) {
      const { bytes: output, copiedTo: copyFrom } = this.#output
      const source = { bytes: this.#records, from, end: facts.end, copyFrom, output }
      return this.#checked(facts, source)
    }
    const inflated = yield* this.#inflate(facts, this.#records.subarray(from, facts.end))
    if (inflated === undefined) return undefined
    this.#scratch.begin(inflated.length + SPARE_BYTES)
    return this.#checked(facts, {
      bytes: inflated,
      from: 0,
      end: inflated.length,
      copyFrom: 0,
      output: this.#scratch,
    })
  }

  /** INVARIANT: a count is never believed before it is known to fit: work is only done for records that can be there. */
  #checked(facts: BatchFacts, source: RecordSource): RecordSource | undefined {
    const { recordCount, lastOffsetDelta } = facts
    const isPossible = recordCount > 0 && recordCount <= lastOffsetDelta + 1
    if (isPossible && recordCount * LEAST_RECORD_BYTES <= source.end - source.from) return source
    this.#withholdBatch(facts, 'batch-unreadable')
    return undefined
  }

  *#inflate(facts: BatchFacts, bytes: Buffer): MaskWork<Buffer | undefined> {
    const { budget } = this.#options
    const { maxBatchBytes: maxBytes } = budget
    try {
      const inflated = yield { kind: 'decompress', codec: compressionOf(facts.attributes), bytes, maxBytes }
      budget.inflated(inflated?.length ?? 0)
      return inflated
    } catch (cause) {
      const isTooLarge = cause instanceof DecompressedTooLargeError
      // What is refused has been worked for as well.
      budget.inflated(isTooLarge ? maxBytes : bytes.length)
      this.#withholdBatch(facts, isTooLarge ? 'batch-too-large' : 'batch-unreadable')
      return undefined
    }
  }

  *#advance(work: RecordBatchWork): MaskWork<void> {
    const { budget } = this.#options
    let taken = 0
    while (!work.advance(budget.sliceLeft)) {
      taken = work.takenBytes
      budget.renew()
      yield PAUSE
    }
    budget.spend(work.takenBytes - taken)
  }

  #outcomeOf(facts: BatchFacts, work: RecordBatchWork): BatchOutcome {
    const { form, fetchOffset } = this.#options
    if (work.isUnreadable) return 'unreadable'
    if (work.firstWithheld < 0) return work.isChanged ? 'rewrite' : 'keep'
    if (form === 'refusal') return 'refuse'
    if (form === 'placeholder') return 'rewrite'
    // What lies before the fetch offset has been read: a batch of which only that is seen would be asked for for ever.
    return work.keptCount > 0 && keptOffset(facts, work) >= fetchOffset ? 'rewrite' : 'leave-out'
  }

  #conclude(facts: BatchFacts, work: RecordBatchWork, outcome: BatchOutcome): void {
    if (outcome === 'unreadable') this.#withholdBatch(facts, 'batch-unreadable')
    else if (outcome === 'refuse') this.#refuse(work.firstWithheld, this.#masker.reason)
    else {
      this.#counts.add(work.counts)
      this.#maskedCount += outcome === 'leave-out' ? 0 : work.maskedCount
      if (outcome === 'leave-out') this.#leaveOut(facts)
      else if (outcome === 'keep') this.#keep(facts, work.keptCount)
      else this.#saw(facts, work.keptCount)
      if (outcome === 'rewrite' && work.isTailWithheld) this.#tailEnd = lastOffsetOf(facts)
    }
  }

  #refuse(recordIndex: number, reason: RecordWithheldReason): void {
    this.#counts.addWithheld(reason, 1)
    this.#refusal = { recordIndex, reason }
  }

  #keep(facts: BatchFacts, recordCount: number): void {
    this.#output.keep(facts)
    this.#saw(facts, recordCount)
  }

  #saw(facts: BatchFacts, recordCount: number): void {
    this.#first ??= facts.baseOffset
    this.#recordCount += recordCount
    this.#tailEnd = undefined
  }

  #leaveOut(facts: BatchFacts): void {
    this.#output.leaveOut(facts)
    this.#withheldFrom ??= facts.baseOffset
    this.#tailEnd = lastOffsetOf(facts)
  }

  #withholdBatch(facts: BatchFacts, reason: RecordWithheldReason): void {
    const { form } = this.#options
    const { magic, lastOffsetDelta, recordCount, start } = facts
    const delta = Math.max(lastOffsetDelta, 0)
    this.#counts.addWithheld(reason, Math.min(Math.max(recordCount, 1), delta + 1))
    if (form === 'refusal') this.#refusal = { recordIndex: undefined, reason }
    // A message of the old format has no header that a placeholder could take over.
    else if (form !== 'placeholder' || magic < 2) this.#leaveOut(facts)
    else {
      const header = this.#records.subarray(start, start + BATCH_HEADER_BYTES)
      this.#output.replace(facts, createPlaceholderBatch(header, delta, reason))
      this.#saw(facts, 1)
    }
  }

  #finish(end: number): MaskedRecordSet {
    const readOnFrom = this.#closeTail(end)
    const { last } = this.#output
    const isRefused = this.#refusal !== undefined
    return {
      records: isRefused || readOnFrom !== undefined ? NOTHING : this.#output.finish(end),
      firstOffset: this.#first,
      lastOffset: last?.lastKept,
      recordCount: this.#recordCount,
      maskedRecordCount: this.#maskedCount,
      masked: this.#counts.masked,
      withheldCount: this.#counts.withheldCount,
      withheld: this.#counts.withheld,
      refusal: this.#refusal,
      readOnFrom,
      cutAt: !isRefused && end < this.#records.length ? end : undefined,
    }
  }

  /** Closes records whose end is withheld, so that the client goes on behind it; gives where to, where nothing is seen. */
  #closeTail(end: number): bigint | undefined {
    const tailEnd = this.#tailEnd
    if (tailEnd === undefined || this.#refusal !== undefined) return undefined
    const { last } = this.#output
    if (this.#options.form === 'hole') {
      if (last === undefined) return tailEnd + 1n
      if (!isControl(last.facts.attributes)) this.#output.endLastAt(tailEnd)
      return undefined
    }
    if (last !== undefined && last.lastKept < lastOffsetOf(last.facts)) this.#output.endLastAt(last.lastKept)
    const unseen = last === undefined ? this.#firstUnseen(tailEnd) : last.lastKept + 1n
    // Offsets that do not rise are no broker's: one is enough to step over them.
    const isSpan = unseen <= tailEnd && tailEnd - unseen <= MAX_DELTA
    const firstOffset = isSpan ? unseen : tailEnd
    const marker = createMarkerBatch({ firstOffset, lastOffset: tailEnd, partitionLeaderEpoch: this.#leaderEpoch })
    this.#output.append(marker, end)
    return undefined
  }

  #firstUnseen(tailEnd: bigint): bigint {
    const { fetchOffset } = this.#options
    const from = this.#withheldFrom ?? tailEnd
    return fetchOffset > from && fetchOffset <= tailEnd ? fetchOffset : from
  }
}

/** Where the records of a batch stand, and where their masked form goes. */
interface RecordSource {
  readonly bytes: Buffer
  readonly from: number
  readonly end: number
  readonly copyFrom: number
  readonly output: GrowingBytes
}

/** What becomes of a batch that was looked at record by record. */
type BatchOutcome = 'keep' | 'rewrite' | 'leave-out' | 'unreadable' | 'refuse'

function countsOf({ recordCount, lastOffsetDelta }: BatchFacts): { recordCount: number; lastOffsetDelta: number } {
  return { recordCount, lastOffsetDelta }
}

function isCompressed({ attributes }: BatchFacts): boolean {
  return compressionOf(attributes) !== Compression.none
}

function keptOffset({ baseOffset }: BatchFacts, { lastKeptDelta }: RecordBatchWork): bigint {
  return baseOffset + BigInt(lastKeptDelta)
}
