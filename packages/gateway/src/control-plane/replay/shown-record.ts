import { isUtf8 } from 'node:buffer'
import {
  type MaskBytesResult,
  type MaskedField,
  type MaskPartResult,
  maskRecordHeader,
  maskRecordKey,
  maskRecordValue,
  type RecordPlan,
  type RecordWithheldReason,
  WITHHELD_HEADER,
} from '@headgate/masking'
import type { KafkaRecord } from '@headgate/wire'

/** Bytes, as text where they are text. */
export type ShownBytes =
  | { readonly text: string; readonly cutBytes?: number }
  | { readonly base64: string; readonly cutBytes?: number }

/** What is shown of a record. */
export interface ShownRecord {
  readonly key: ShownBytes | null
  readonly value: ShownBytes | null
  readonly headers: readonly { readonly name: string; readonly value: ShownBytes | null }[]
}

/** What became of a record under the masks. */
export type MaskedRecord =
  | { readonly withheld: RecordWithheldReason; readonly masked: readonly MaskedField[]; readonly isMaskedMore: boolean }
  | { readonly shown: ShownRecord; readonly masked: readonly MaskedField[]; readonly isMaskedMore: boolean }

interface Parts {
  key: Buffer | null
  value: Buffer | null
  headers: { readonly name: string; value: Buffer | null }[]
}

/** So much of a key, of a value, and of all headers together is shown. */
const MAX_SHOWN_BYTES = 256 * 1024
const NOTHING = Buffer.alloc(0)

/** Gives bytes in a form that JSON can hold; what is very long is cut, and says so. */
function showBytes(bytes: Buffer | null, maxBytes: number = MAX_SHOWN_BYTES): ShownBytes | null {
  if (bytes === null) return null
  const cutBytes = Math.max(0, bytes.length - maxBytes)
  const shown = cutBytes === 0 ? bytes : bytes.subarray(0, maxBytes)
  const cut = cutBytes === 0 ? {} : { cutBytes }
  return isUtf8(bytes) ? { text: shown.toString('utf8'), ...cut } : { base64: shown.toString('base64'), ...cut }
}

/** Masks one part; throws what withholds the record. */
class RecordUnderMask {
  readonly masked: MaskedField[] = []
  readonly parts: Parts
  isChanged = false
  reason: RecordWithheldReason | undefined

  constructor(parts: Parts) {
    this.parts = parts
  }

  apply(plan: RecordPlan): boolean {
    this.isChanged = false
    const { parts } = this
    if (parts.key !== null) parts.key = this.#part(parts.key, maskRecordKey(plan, parts.key)) ?? null
    if (parts.value !== null) parts.value = this.#value(parts.value, maskRecordValue(plan, parts.value))
    parts.headers = parts.headers.flatMap((header) => {
      // Under a mask this name is the gateway's own: what a producer wrote there is nothing to go by.
      if (header.name.toLowerCase() === WITHHELD_HEADER) return []
      const result = maskRecordHeader(plan, header.name, header.value ?? NOTHING)
      // A header without a value goes where its name does, and has nothing else to mask.
      if (header.value === null && result.status !== 'removed') return [header]
      const value = this.#part(header.value ?? NOTHING, result)
      return value === undefined ? [] : [{ name: header.name, value }]
    })
    return this.reason === undefined
  }

  #value(bytes: Buffer, result: MaskBytesResult): Buffer | null {
    return this.#part(bytes, result) ?? null
  }

  /** `undefined` where the part is gone. */
  #part(bytes: Buffer, result: MaskPartResult): Buffer | null | undefined {
    if (result.status === 'unchanged') return bytes
    if (result.status === 'withheld') {
      this.reason ??= result.reason
      return null
    }
    this.isChanged = true
    this.masked.push(...result.masked)
    return result.status === 'removed' ? undefined : result.bytes
  }
}

/**
 * Masks a record by what applied then, and what is left by what applies to the viewer now.
 *
 * INVARIANT: what either withholds is withheld, and what either hides is hidden: the second one sees what the first one left.
 */
export function maskRecord(
  { key, value, headers }: KafkaRecord,
  then: RecordPlan | undefined,
  now: RecordPlan | undefined,
): MaskedRecord {
  const named = headers.map((header) => ({ name: header.key.toString('utf8'), value: header.value }))
  const record = new RecordUnderMask({ key, value, headers: named })
  if (then !== undefined && !record.apply(then)) return withheld(record, false)
  const isMaskedMore = now !== undefined && (!record.apply(now) || record.isChanged)
  if (record.reason !== undefined) return withheld(record, true)
  const { parts, masked } = record
  let headerBytes = MAX_SHOWN_BYTES
  const shownHeaders = parts.headers.map((header) => {
    const value = showBytes(header.value, headerBytes)
    headerBytes = Math.max(0, headerBytes - (header.value?.length ?? 0))
    return { name: header.name, value }
  })
  const shown = { key: showBytes(parts.key), value: showBytes(parts.value), headers: shownHeaders }
  return { shown, masked, isMaskedMore }
}

function withheld({ reason = 'mask-invalid' }: RecordUnderMask, isMaskedMore: boolean): MaskedRecord {
  return { withheld: reason, masked: [], isMaskedMore }
}
