import type { WithheldReason } from '../result.ts'

/** Why a record, or a whole batch of them, is withheld. */
export type RecordWithheldReason =
  | WithheldReason
  /** The batch's checksum does not fit its bytes. */
  | 'batch-corrupt'
  /** The batch cannot be decompressed, or its records cannot be told apart. */
  | 'batch-unreadable'
  /** The batch is larger, decompressed, than is read. */
  | 'batch-too-large'
  /** The batch is of a format before magic 2. */
  | 'batch-too-old'
  /** The mask itself cannot be applied. */
  | 'mask-invalid'

const reasons: Readonly<Record<RecordWithheldReason, true>> = {
  'too-large': true,
  'not-utf8': true,
  'not-json': true,
  'too-deep': true,
  'token-key-missing': true,
  'not-a-json-value': true,
  'no-format': true,
  'batch-corrupt': true,
  'batch-unreadable': true,
  'batch-too-large': true,
  'batch-too-old': true,
  'mask-invalid': true,
}

/** Whether a text is one of the reasons. */
export function isWithheldReason(text: string): text is RecordWithheldReason {
  return Object.hasOwn(reasons, text)
}
