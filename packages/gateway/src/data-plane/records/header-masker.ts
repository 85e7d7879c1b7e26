import type { MaskedField } from '@headgate/masking'
import { type CompiledHeaderMask, type CompiledMask, foldByte, WITHHELD_HEADER } from './compiled-mask.ts'
import { maskHeaderText } from './header-text.ts'
import type { RecordWithheldReason } from './masked-record-set.ts'
import type { RecordChanges } from './record-changes.ts'
import type { RecordLayout } from './record-layout.ts'

const OWN_NAME: Buffer = Buffer.from(WITHHELD_HEADER)
const OWN_FIELD: readonly MaskedField[] = Object.freeze([{ field: `header:${WITHHELD_HEADER}`, count: 1 }])

/** What a record's headers need of it. */
export interface HeaderContext {
  readonly changes: RecordChanges
  readonly fields: (readonly MaskedField[])[]
}

/** Masks the headers of records: named ones whole, in others what detectors find. Order and duplicates stay. */
export class HeaderMasker {
  readonly #mask: CompiledMask
  readonly #keepsOwnHeader: boolean
  readonly #context: HeaderContext
  /** Where the header stands that was read last. */
  #start = 0
  #nameAt = 0
  #nameLength = 0
  #valueAt = 0
  #valueLength = 0
  #end = 0
  /** Why the record is withheld, where it is. */
  reason: RecordWithheldReason = 'mask-invalid'

  /** `keepsOwnHeader`: a header of the gateway's own name stays; for what a client writes. */
  constructor(mask: CompiledMask, keepsOwnHeader: boolean, context: HeaderContext) {
    this.#mask = mask
    this.#keepsOwnHeader = keepsOwnHeader
    this.#context = context
  }

  /** Whether there is anything to do for records with headers. */
  get isNeeded(): boolean {
    return !this.#keepsOwnHeader || this.#mask.headers.length > 0 || this.#mask.headerPlan !== undefined
  }

  /** Masks the headers of the record in the layout; false: the record is withheld. */
  maskAll(bytes: Buffer, layout: RecordLayout): boolean {
    const { headersAt, headerCount } = layout
    layout.at = headersAt
    layout.varint(bytes)
    const firstAt = layout.at
    // The count stands before the headers, so that those that go are counted first.
    let left = headerCount
    for (let header = 0; header < headerCount; header += 1) {
      this.#read(bytes, layout)
      if (this.#removes(bytes)) left -= 1
    }
    if (left < headerCount) this.#context.changes.replace(headersAt, firstAt, left)
    layout.at = firstAt
    for (let header = 0; header < headerCount; header += 1) {
      this.#read(bytes, layout)
      if (!this.#maskOne(bytes)) return false
    }
    return true
  }

  #read(bytes: Buffer, layout: RecordLayout): void {
    this.#start = layout.at
    this.#nameLength = layout.varint(bytes)
    this.#nameAt = layout.at
    layout.at += this.#nameLength
    this.#valueAt = layout.at
    this.#valueLength = layout.varint(bytes)
    if (this.#valueLength > 0) layout.at += this.#valueLength
    this.#end = layout.at
  }

  #isOwn(bytes: Buffer): boolean {
    return !this.#keepsOwnHeader && this.#isNamed(bytes, OWN_NAME)
  }

  #removes(bytes: Buffer): boolean {
    return this.#isOwn(bytes) || this.#named(bytes)?.removes === true
  }

  #named(bytes: Buffer): CompiledHeaderMask | undefined {
    for (const mask of this.#mask.headers) if (this.#isNamed(bytes, mask.name)) return mask
    return undefined
  }

  #isNamed(bytes: Buffer, name: Buffer): boolean {
    if (this.#nameLength !== name.length) return false
    const at = this.#nameAt
    for (let n = 0; n < name.length; n += 1) if (foldByte(bytes[at + n] as number) !== name[n]) return false
    return true
  }

  #maskOne(bytes: Buffer): boolean {
    const { changes, fields } = this.#context
    if (this.#isOwn(bytes)) {
      changes.replace(this.#start, this.#end, undefined)
      fields.push(OWN_FIELD)
      return true
    }
    const named = this.#named(bytes)
    if (named?.removes === true) {
      changes.replace(this.#start, this.#end, undefined)
      fields.push(named.fields)
      return true
    }
    if (this.#valueLength < 0) return true
    return named === undefined ? this.#maskFinds(bytes) : this.#maskWhole(bytes, named)
  }

  #maskWhole(bytes: Buffer, { masker, fields }: CompiledHeaderMask): boolean {
    const result = masker.mask(bytes.subarray(this.#end - this.#valueLength, this.#end))
    if (result.status === 'withheld') {
      this.reason = result.reason
      return false
    }
    if (result.status === 'masked') {
      this.#context.changes.replace(this.#valueAt, this.#end, result.bytes)
      this.#context.fields.push(fields)
    }
    return true
  }

  #maskFinds(bytes: Buffer): boolean {
    const { headerPlan } = this.#mask
    if (headerPlan === undefined || this.#valueLength === 0) return true
    const result = maskHeaderText(headerPlan, bytes.subarray(this.#end - this.#valueLength, this.#end))
    if (result.status === 'withheld') {
      this.reason = result.reason
      return false
    }
    if (result.status === 'masked') {
      this.#context.changes.replace(this.#valueAt, this.#end, result.bytes)
      this.#context.fields.push(result.masked)
    }
    return true
  }
}
