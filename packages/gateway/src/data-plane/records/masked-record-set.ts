import type { MaskedField, RecordWithheldReason } from '@headgate/masking'

/**
 * What stands in the place of records that cannot be masked.
 *
 * - `marker`: they are left out, and one control batch stands for what is left out at the end of the records, as Kafka's own
 *   markers do: clients step over it.
 * - `hole`: they are left out, and the batch before reaches over them. For clients that take control batches for records.
 * - `placeholder`: a record that says so, at the same offset.
 * - `refusal`: nothing is left out, and the whole set is refused; for what a client writes.
 */
export type WithheldForm = 'marker' | 'hole' | 'placeholder' | 'refusal'

/** How many records were withheld for a reason; a batch that cannot be read counts as its header says. */
export interface WithheldCount {
  readonly reason: RecordWithheldReason
  readonly count: number
}

/** The first record that cannot be masked. */
export interface RecordRefusal {
  /** The index of the record in its batch; `undefined` where the batch cannot be read. */
  readonly recordIndex: number | undefined
  readonly reason: RecordWithheldReason
}

/** What became of a partition's records: counts and names of the plan, never anything of a record but its masked form. */
export interface MaskedRecordSet {
  /** What may be seen. The very bytes that were given where nothing was changed, or a part of them where only an end was cut off. */
  readonly records: Buffer
  /** The first offset that `records` covers; `undefined` where nothing is in them. */
  readonly firstOffset: bigint | undefined
  /** The last offset that `records` covers. */
  readonly lastOffset: bigint | undefined
  /** How many records are in them, the broker's own markers not counted. */
  readonly recordCount: number
  /** How many of those were changed. */
  readonly maskedRecordCount: number
  /** What was masked how often, by the words of the policy: `card/number`, `header:x-user`, `key`. */
  readonly masked: readonly MaskedField[]
  /** How many records were withheld, or stand as a placeholder. */
  readonly withheldCount: number
  readonly withheld: readonly WithheldCount[]
  /** Why everything is refused; in the form `refusal` alone, where `records` are empty then. */
  readonly refusal: RecordRefusal | undefined
  /** Where reading goes on when nothing from the fetch offset on may be seen; in the form `hole` alone. */
  readonly readOnFrom: bigint | undefined
  /** Where the rest of a batch begins that the broker cut off, in the bytes that were given; nobody can judge it. */
  readonly cutAt: number | undefined
}
