import type { RecordWithheldReason } from '@headgate/masking'
import {
  createMaskMemory,
  type MaskedField,
  type MaskPartResult,
  maskRecordKey,
  maskRecordValue,
  placeholderValue,
  type RecordPlan,
  WITHHELD_HEADER,
} from '@headgate/masking'
import { HeaderMasker } from './header-masker.ts'
import { RecordChanges } from './record-changes.ts'
import type { RecordLayout } from './record-layout.ts'

const OWN_HEADER: Buffer = Buffer.from(WITHHELD_HEADER)
/** A record is written before the next one is masked: one memory serves all. */
const memory = createMaskMemory()

/** Whether a record may be seen as it is, is changed, or is withheld. */
export type RecordOutcome = 'unchanged' | 'changed' | 'withheld'

/** Masks records where they stand, one after another: keys, values and headers, each by what the plan says. */
export class RecordMasker {
  readonly #plan: RecordPlan | undefined
  readonly #headers: HeaderMasker | undefined
  /** What has to be changed in the record that was masked last. */
  readonly changes: RecordChanges = new RecordChanges()
  /** What was masked in it. */
  readonly fields: (readonly MaskedField[])[] = []
  /** Why it is withheld, where it is. */
  reason: RecordWithheldReason = 'mask-invalid'

  /** Without a plan everything is withheld. `keepsOwnHeader`: a header of the gateway's own name stays. */
  constructor(plan: RecordPlan | undefined, keepsOwnHeader: boolean) {
    this.#plan = plan
    const headers = plan === undefined ? undefined : new HeaderMasker(plan, keepsOwnHeader, this)
    this.#headers = headers?.isNeeded === true ? headers : undefined
  }

  /** Masks the record that the layout was read from. */
  mask(bytes: Buffer, layout: RecordLayout): RecordOutcome {
    this.#begin()
    const plan = this.#plan
    if (plan === undefined) {
      this.reason = 'mask-invalid'
      return 'withheld'
    }
    if (plan.masksKeys && !this.#maskKey(plan, bytes, layout)) return 'withheld'
    // What is null stays so.
    if (layout.valueLength > 0 && !this.#maskValue(plan, bytes, layout)) return 'withheld'
    if (layout.headerCount > 0 && this.#headers?.maskAll(bytes, layout) === false) {
      this.reason = this.#headers.reason
      return 'withheld'
    }
    return this.changes.count === 0 ? 'unchanged' : 'changed'
  }

  /**
   * Makes the record that was withheld last its own placeholder: its key as far as it may be seen, a value that says why,
   * and one header that does.
   */
  makePlaceholder(bytes: Buffer, layout: RecordLayout): void {
    const { keyAt, valueAt, headersAt, end } = layout
    const { reason } = this
    this.#begin()
    if (this.#plan === undefined || !this.#maskKey(this.#plan, bytes, layout)) {
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

  #maskKey(plan: RecordPlan, bytes: Buffer, { keyAt, valueAt, keyLength }: RecordLayout): boolean {
    if (keyLength < 0) return true
    return this.#take(maskRecordKey(plan, bytes.subarray(valueAt - keyLength, valueAt)), keyAt, valueAt)
  }

  #maskValue(plan: RecordPlan, bytes: Buffer, { valueAt, headersAt, valueLength }: RecordLayout): boolean {
    return this.#take(
      maskRecordValue(plan, bytes.subarray(headersAt - valueLength, headersAt), memory),
      valueAt,
      headersAt,
    )
  }

  #take(result: MaskPartResult, start: number, end: number): boolean {
    if (result.status === 'unchanged') return true
    if (result.status === 'withheld') {
      this.reason = result.reason
      return false
    }
    this.changes.replace(start, end, result.status === 'removed' ? null : result.bytes)
    this.fields.push(result.masked)
    return true
  }
}
