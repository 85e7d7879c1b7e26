import { type MaskBytesResult, type MaskPlan, maskTextBytes } from '@headgate/masking'

const NOTHING = Buffer.alloc(0)

/**
 * Masks what detectors find in the value of a header.
 *
 * Values that are no UTF-8 (ids, numbers of other programs) are looked at byte by byte, and stay unless something is
 * found, when they are hidden whole.
 */
export function maskHeaderText(plan: MaskPlan, value: Buffer): MaskBytesResult {
  const result = maskTextBytes(plan, value)
  if (result.status !== 'withheld' || result.reason !== 'not-utf8') return result
  const found = maskTextBytes(plan, Buffer.from(value.toString('latin1')))
  return found.status === 'masked' ? { ...found, bytes: NOTHING } : found
}
