import type { MaskedField, RecordWithheldReason } from '@headgate/masking'
import type { WithheldCount } from './masked-record-set.ts'

/** What was masked and withheld in the records of a partition. */
export class MaskCounts {
  readonly #fields = new Map<string, number>()
  readonly #reasons = new Map<RecordWithheldReason, number>()
  #withheld = 0

  /** How many records were withheld. */
  get withheldCount(): number {
    return this.#withheld
  }

  get masked(): MaskedField[] {
    return [...this.#fields].map(([field, count]) => ({ field, count }))
  }

  get withheld(): WithheldCount[] {
    return [...this.#reasons].map(([reason, count]) => ({ reason, count }))
  }

  addMasked(fields: readonly MaskedField[]): void {
    for (const { field, count } of fields) this.#fields.set(field, (this.#fields.get(field) ?? 0) + count)
  }

  /** Adds what others counted. */
  add(others: MaskCounts): void {
    this.addMasked(others.masked)
    for (const { reason, count } of others.withheld) this.addWithheld(reason, count)
  }

  addWithheld(reason: RecordWithheldReason, count: number): void {
    this.#withheld += count
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + count)
  }
}
