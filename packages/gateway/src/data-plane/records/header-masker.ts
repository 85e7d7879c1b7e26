import type { RecordWithheldReason } from '@headgate/masking'
import { type MaskedField, maskRecordHeader, type RecordPlan, WITHHELD_HEADER } from '@headgate/masking'
import type { RecordChanges } from './record-changes.ts'
import type { RecordLayout } from './record-layout.ts'

const OWN_NAME: Buffer = Buffer.from(WITHHELD_HEADER)
const OWN_FIELD: readonly MaskedField[] = Object.freeze([{ field: `header:${WITHHELD_HEADER}`, count: 1 }])
const NOTHING = Buffer.alloc(0)
const LOWER_CASE = 0x20

/** Where the masking of headers writes what it did. */
export interface HeaderContext {
  readonly changes: RecordChanges
  readonly fields: (readonly MaskedField[])[]
}

/** Masks the headers of records. Order and duplicates stay. */
export class HeaderMasker {
  readonly #plan: RecordPlan
  readonly #keepsOwn: boolean
  readonly #context: HeaderContext
  /** Where the header stands that was read last. */
  #start = 0
  #nameEnd = 0
  #nameLength = 0
  #valueLength = 0
  #end = 0
  /** Why the record is withheld, where it is. */
  reason: RecordWithheldReason = 'mask-invalid'

  /** `keepsOwn`: a header of the gateway's own name stays; for what a client writes. */
  constructor(plan: RecordPlan, keepsOwn: boolean, context: HeaderContext) {
    this.#plan = plan
    this.#keepsOwn = keepsOwn
    this.#context = context
  }

  /** Whether there is anything to do for records with headers. */
  get isNeeded(): boolean {
    return !this.#keepsOwn || this.#plan.masksHeaders
  }

  /** Masks the headers of the record in the layout; false: the record is withheld. */
  maskAll(bytes: Buffer, layout: RecordLayout): boolean {
    const { headersAt, headerCount } = layout
    const { changes } = this.#context
    const before = changes.count
    layout.at = headersAt
    layout.varint(bytes)
    const firstAt = layout.at
    let left = headerCount
    for (let header = 0; header < headerCount; header += 1) {
      this.#read(bytes, layout)
      const outcome = this.#isOwn(bytes) ? this.#remove(OWN_FIELD) : this.#mask(bytes)
      if (outcome === 'withheld') return false
      if (outcome === 'removed') left -= 1
    }
    if (left < headerCount) changes.insert(before, headersAt, firstAt, left)
    return true
  }

  #read(bytes: Buffer, layout: RecordLayout): void {
    this.#start = layout.at
    this.#nameLength = layout.varint(bytes)
    layout.at += this.#nameLength
    this.#nameEnd = layout.at
    this.#valueLength = layout.varint(bytes)
    if (this.#valueLength > 0) layout.at += this.#valueLength
    this.#end = layout.at
  }

  #isOwn(bytes: Buffer): boolean {
    if (this.#keepsOwn || this.#nameLength !== OWN_NAME.length) return false
    const at = this.#nameEnd - this.#nameLength
    // The name has letters and one hyphen, which has that bit set already.
    for (let n = 0; n < OWN_NAME.length; n += 1)
      if (((bytes[at + n] as number) | LOWER_CASE) !== OWN_NAME[n]) return false
    return true
  }

  #remove(fields: readonly MaskedField[]): 'removed' {
    this.#context.changes.replace(this.#start, this.#end, undefined)
    this.#context.fields.push(fields)
    return 'removed'
  }

  #mask(bytes: Buffer): 'kept' | 'removed' | 'withheld' {
    if (!this.#plan.masksHeaders) return 'kept'
    const name = bytes.toString('utf8', this.#nameEnd - this.#nameLength, this.#nameEnd)
    const isNull = this.#valueLength < 0
    const value = isNull ? NOTHING : bytes.subarray(this.#end - this.#valueLength, this.#end)
    const result = maskRecordHeader(this.#plan, name, value)
    if (result.status === 'removed') return this.#remove(result.masked)
    // A header without a value goes where its name does, and has nothing else to mask.
    if (isNull || result.status === 'unchanged') return 'kept'
    if (result.status === 'withheld') {
      this.reason = result.reason
      return 'withheld'
    }
    this.#context.changes.replace(this.#nameEnd, this.#end, result.bytes)
    this.#context.fields.push(result.masked)
    return 'kept'
  }
}
