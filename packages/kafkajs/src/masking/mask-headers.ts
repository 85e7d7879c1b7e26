import { maskRecordHeader, type RecordPlan, type RecordWithheldReason, WITHHELD_HEADER } from '@headgate/masking'
import type { IHeaders } from '#kafkajs'
import { setHeader } from '../facades/messages.ts'
import type { MaskTally } from './mask-tally.ts'

type HeaderItem = Buffer | string | undefined

/** Headers that may be seen, or why their record may not. */
export type HeadersResult = { readonly headers: IHeaders } | { readonly withheld: RecordWithheldReason }

/** Whether a header is Headgate's own. */
export function isOwnHeader(name: string): boolean {
  return name.length === WITHHELD_HEADER.length && name.toLowerCase() === WITHHELD_HEADER
}

/** What headers are masked with. */
export interface HeaderMasking {
  readonly plan: RecordPlan
  readonly tally: MaskTally
  /** Whether a header of Headgate's own name stays: in what the application sends. */
  readonly keepsOwn: boolean
  /** What becomes of a header that cannot be masked here. */
  readonly onWithheld: (reason: RecordWithheldReason) => 'keep' | 'withhold'
}

/** Masks the headers of one record; their order and their repeated values stay. The given object is not changed. */
export function maskHeaders(given: IHeaders, { plan, tally, keepsOwn, onWithheld }: HeaderMasking): HeadersResult {
  const headers: IHeaders = {}
  let withheld: RecordWithheldReason | undefined
  const maskItem = (name: string, item: HeaderItem): readonly HeaderItem[] => {
    const result = maskRecordHeader(plan, name, Buffer.isBuffer(item) ? item : Buffer.from(String(item ?? '')))
    // A header without a value goes where its name does, and has nothing else to mask.
    if (result.status === 'unchanged' || (item == null && result.status !== 'removed')) return [item]
    if (result.status === 'withheld') {
      if (onWithheld(result.reason) === 'withhold') withheld ??= result.reason
      return [item]
    }
    tally.addMasked(result.masked)
    // kafkajs gives and takes `null` for a header without value, which its types do not know.
    return result.status === 'removed' ? [] : [result.bytes as HeaderItem]
  }
  for (const name of Object.keys(given)) {
    if (!keepsOwn && isOwnHeader(name)) continue
    const value = given[name]
    const items = (Array.isArray(value) ? value : [value]).flatMap((item) => maskItem(name, item))
    if (Array.isArray(value) && items.length > 0) setHeader(headers, name, items as (Buffer | string)[])
    else if (items.length > 0) setHeader(headers, name, items[0])
  }
  return withheld === undefined ? { headers } : { withheld }
}
