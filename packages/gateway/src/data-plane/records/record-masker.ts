import { type MaskedField, maskJsonBytes, maskTextBytes } from '@headgate/masking'
import { type CompiledMask, WITHHELD_HEADER } from './compiled-mask.ts'
import { HeaderMasker } from './header-masker.ts'
import type { RecordWithheldReason } from './masked-record-set.ts'
import { RecordChanges } from './record-changes.ts'
import type { RecordLayout } from './record-layout.ts'

const OWN_HEADER: Buffer = Buffer.from(WITHHELD_HEADER)
const KEY_FIELD: readonly MaskedField[] = Object.freeze([{ field: 'key', count: 1 }])

/** Whether a record may be seen as it is, is changed, or is withheld. */
export type RecordOutcome = 'unchanged' | 'changed' | 'withheld'

/** Masks records where they stand, one after another: keys, values and headers, each by what the mask says. */
export class RecordMasker {
  readonly #mask: CompiledMask
  readonly #headers: HeaderMasker
  readonly #looksAtHeaders: boolean
  /** What has to be changed in the record that was masked last. */
  readonly changes: RecordChanges = new RecordChanges()
  /** What was masked in it. */
  readonly fields: (readonly MaskedField[])[] = []
  /** Why it is withheld, where it is. */
  reason: RecordWithheldReason = 'mask-invalid'

  /** `keepsOwnHeader`: a header of the gateway's own name stays; for what a client writes. */
  constructor(mask: CompiledMask, keepsOwnHeader: boolean) {
    this.#mask = mask
    this.#headers = new HeaderMasker(mask, keepsOwnHeader, this)
    this.#looksAtHeaders = this.#headers.isNeeded
  }

  /** Masks the record that the layout was read from. */
  mask(bytes: Buffer, layout: RecordLayout): RecordOutcome {
    this.#begin()
    if (this.#mask.isBroken) {
      this.reason = 'mask-invalid'
      return 'withheld'
    }
    if (!this.#maskKey(bytes, layout) || !this.#maskValue(bytes, layout)) return 'withheld'
    if (layout.headerCount > 0 && this.#looksAtHeaders && !this.#headers.maskAll(bytes, layout)) {
      this.reason = this.#headers.reason
      return 'withheld'
    }
    return this.changes.isEmpty ? 'unchanged' : 'changed'
  }

  /**
   * Makes the record that was withheld last its own placeholder: its key as far as it may be seen, a value that says why,
   * and one header that does.
   */
  makePlaceholder(bytes: Buffer, layout: RecordLayout): void {
    const { keyAt, valueAt, headersAt, end } = layout
    const { reason } = this
    this.#begin()
    if (this.#mask.isBroken || !this.#maskKey(bytes, layout)) {
      this.#begin()
      this.changes.replace(keyAt, valueAt, null)
    }
    this.changes.replace(valueAt, headersAt, placeholderValue(reason))
    this.changes.replace(headersAt, end, 1)
    this.changes.replace(end, end, OWN_HEADER)
    this.changes.replace(end, end, Buffer.from(reason))
  }

  #begin(): void {
    this.changes.clear()
    if (this.fields.length > 0) this.fields.length = 0
  }

  #maskKey(bytes: Buffer, { keyAt, valueAt, keyLength }: RecordLayout): boolean {
    const { key } = this.#mask
    if (key === undefined || keyLength < 0) return true
    const result = key.mask(bytes.subarray(valueAt - keyLength, valueAt))
    if (result.status === 'unchanged') return true
    if (result.status === 'withheld') {
      this.reason = result.reason
      return false
    }
    this.changes.replace(keyAt, valueAt, result.status === 'removed' ? null : result.bytes)
    this.fields.push(KEY_FIELD)
    return true
  }

  /** A value of no bytes holds nothing, and one that is null stays so. */
  #maskValue(bytes: Buffer, { valueAt, headersAt, valueLength }: RecordLayout): boolean {
    const { valuePlan, obligation } = this.#mask
    if (valuePlan === undefined || valueLength <= 0) return true
    if (obligation.format === 'opaque') {
      this.reason = 'no-format'
      return false
    }
    const value = bytes.subarray(headersAt - valueLength, headersAt)
    const result = obligation.format === 'json' ? maskJsonBytes(valuePlan, value) : maskTextBytes(valuePlan, value)
    if (result.status === 'unchanged') return true
    if (result.status === 'withheld') {
      this.reason = result.reason
      return false
    }
    this.changes.replace(valueAt, headersAt, result.bytes)
    this.fields.push(result.masked)
    return true
  }
}

/** The value of a placeholder: JSON, so that a reader of JSON goes on. */
export function placeholderValue(reason: RecordWithheldReason): Buffer {
  return Buffer.from(JSON.stringify({ [WITHHELD_HEADER]: reason }))
}
