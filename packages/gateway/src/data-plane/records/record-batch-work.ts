import type { GrowingBytes } from './growing-bytes.ts'
import { MaskCounts } from './mask-counts.ts'
import type { WithheldForm } from './masked-record-set.ts'
import { RecordLayout } from './record-layout.ts'
import type { RecordMasker } from './record-masker.ts'

/** The records of one batch, uncompressed, and where their masked form is written. */
export interface RecordBatchInput {
  readonly bytes: Buffer
  /** Where the part of `bytes` begins that belongs to the batch: its header, where the records stand behind one. */
  readonly copyFrom: number
  readonly from: number
  readonly end: number
  readonly recordCount: number
  readonly lastOffsetDelta: number
  readonly form: WithheldForm
  readonly output: GrowingBytes
}

/** Records one by one, in slices; nothing is written before the first change. */
export class RecordBatchWork {
  readonly #input: RecordBatchInput
  readonly #masker: RecordMasker
  readonly #layout = new RecordLayout()
  #at: number
  #index = 0
  /** Up to where the input is in the output. */
  #copied: number
  #lastDelta = -1
  /** What was masked and withheld so far. */
  readonly counts: MaskCounts = new MaskCounts()
  /** Whether the output holds what is seen of the batch. */
  isChanged = false
  /** Whether the batch cannot be read after all: what was written has no meaning. */
  isUnreadable = false
  /** How many records are seen. */
  keptCount = 0
  /** The offset delta of the last record that is seen; -1 without one. */
  lastKeptDelta = -1
  maskedCount = 0
  /** The index of the first record that is withheld; -1 without one. */
  firstWithheld = -1
  /** Whether the last record is left out. */
  isTailWithheld = false

  constructor(input: RecordBatchInput, masker: RecordMasker) {
    this.#input = input
    this.#masker = masker
    this.#at = input.from
    this.#copied = input.copyFrom
  }

  /** The bytes that have been looked at. */
  get takenBytes(): number {
    return this.#at - this.#input.from
  }

  /** Masks records of at least `sliceBytes`, if there are as many; true when the batch is through. */
  advance(sliceBytes: number): boolean {
    const { bytes, end, recordCount, lastOffsetDelta } = this.#input
    const layout = this.#layout
    const sliceEnd = this.#at + sliceBytes
    while (this.#index < recordCount && this.#at < sliceEnd) {
      const isSound = layout.read(bytes, this.#at, end)
      // Offsets that do not rise, or leave the batch, could not be told apart afterwards.
      if (!isSound || layout.offsetDelta <= this.#lastDelta || layout.offsetDelta > lastOffsetDelta)
        return this.#giveUp()
      this.#lastDelta = layout.offsetDelta
      this.#take(bytes, layout)
      this.#at = layout.end
      this.#index += 1
      if (this.firstWithheld >= 0 && this.#input.form === 'refusal') return true
    }
    if (this.#index < recordCount) return false
    return this.#at === end ? this.#finish() : this.#giveUp()
  }

  #take(bytes: Buffer, layout: RecordLayout): void {
    const outcome = this.#masker.mask(bytes, layout)
    if (outcome === 'withheld') {
      this.#withhold(bytes, layout)
      return
    }
    this.keptCount += 1
    this.lastKeptDelta = layout.offsetDelta
    this.isTailWithheld = false
    if (outcome === 'changed') {
      this.maskedCount += 1
      this.#count()
      this.#write(bytes, layout)
    }
  }

  #withhold(bytes: Buffer, layout: RecordLayout): void {
    const { reason } = this.#masker
    if (this.firstWithheld < 0) this.firstWithheld = this.#index
    this.counts.addWithheld(reason, 1)
    if (this.#input.form !== 'placeholder') {
      this.isTailWithheld = true
      this.#copyUntil(this.#at)
      this.#copied = layout.end
      return
    }
    this.#masker.makePlaceholder(bytes, layout)
    this.#count()
    this.#write(bytes, layout)
    this.keptCount += 1
    this.lastKeptDelta = layout.offsetDelta
  }

  #count(): void {
    for (const fields of this.#masker.fields) this.counts.addMasked(fields)
  }

  #write(bytes: Buffer, layout: RecordLayout): void {
    this.#copyUntil(this.#at)
    this.#masker.changes.write(this.#input.output, bytes, layout.bodyAt, layout.end)
    this.#copied = layout.end
  }

  #copyUntil(at: number): void {
    this.#input.output.copy(this.#input.bytes, this.#copied, at)
    this.#copied = at
    this.isChanged = true
  }

  #finish(): true {
    if (this.isChanged) this.#copyUntil(this.#input.end)
    return true
  }

  #giveUp(): true {
    this.isUnreadable = true
    return true
  }
}
