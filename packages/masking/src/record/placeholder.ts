import { isWithheldReason, type RecordWithheldReason } from './withheld-reason.ts'

/** The header that a placeholder carries. Under a mask it is Headgate's own: one that a producer wrote is taken out. */
export const WITHHELD_HEADER = 'headgate-withheld'

/** The value of the record that stands for one that cannot be masked: JSON, so that a reader of JSON goes on. */
export function placeholderValue(reason: RecordWithheldReason): Buffer {
  return Buffer.from(JSON.stringify({ [WITHHELD_HEADER]: reason }))
}

// The longest of the reasons, and the JSON around it.
const MAX_BYTES = 64

/** The reason that a record gives which is a placeholder, to the byte, with this as its one header; else nothing. */
export function placeholderReason(value: Uint8Array, header: Uint8Array): RecordWithheldReason | undefined {
  if (value.length > MAX_BYTES || header.length > MAX_BYTES) return undefined
  const reason = Buffer.from(header).toString('latin1')
  return isWithheldReason(reason) && placeholderValue(reason).equals(value) ? reason : undefined
}
