import type { MaskedField, RecordWithheldReason } from '@headgate/masking'

const NONE: readonly MaskedField[] = Object.freeze([])

/** Fields of several parts of one record, each of them once. */
function uniteFields(parts: readonly (readonly MaskedField[])[]): readonly MaskedField[] {
  const [first = NONE, ...others] = parts
  if (others.length === 0) return first
  const counts = new Map<string, number>()
  for (const { field, count } of parts.flat()) counts.set(field, (counts.get(field) ?? 0) + count)
  return [...counts].map(([field, count]) => ({ field, count }))
}

/** Counts what was masked and withheld: names of the plan and numbers, never anything of a record. */
export class MaskTally {
  readonly #fields = new Map<string, number>()
  readonly #reasons = new Map<RecordWithheldReason, number>()

  readonly #pending: (readonly MaskedField[])[] = []

  /** How many records were withheld, those with a placeholder included. */
  withheldCount = 0
  maskedCount = 0
  /** What was masked in the record that was kept last. */
  kept: readonly MaskedField[] = NONE

  /** Notes what was masked in a record; it counts once the record is kept. */
  addMasked(masked: readonly MaskedField[]): void {
    this.#pending.push(masked)
  }

  /** The record may be seen: what was masked in it counts. */
  keep(): void {
    this.kept = uniteFields(this.#pending)
    for (const masked of this.#pending) {
      for (const { field, count } of masked) {
        this.#fields.set(field, (this.#fields.get(field) ?? 0) + count)
        this.maskedCount += count
      }
    }
    this.#pending.length = 0
  }

  /** The record may not be seen. */
  withhold(reason: RecordWithheldReason): void {
    this.#pending.length = 0
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    this.withheldCount += 1
  }

  /** Counts what another one has counted. */
  include(other: MaskTally): void {
    for (const [field, count] of other.#fields) this.#fields.set(field, (this.#fields.get(field) ?? 0) + count)
    for (const [reason, count] of other.#reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + count)
    this.maskedCount += other.maskedCount
    this.withheldCount += other.withheldCount
  }

  /** What was masked, by the policy's own words: `card/number`, `detect:us-ssn`, `header:x-user`, `key`. */
  get fields(): readonly string[] {
    return [...this.#fields.keys()]
  }

  get reasons(): Readonly<Partial<Record<RecordWithheldReason, number>>> {
    return Object.freeze(Object.fromEntries(this.#reasons))
  }
}
