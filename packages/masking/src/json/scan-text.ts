import { notJson } from './failure.ts'
import { skipEscape } from './skip.ts'

const LEAST_DIGITS = 9

// 1: ends the run · 2: a digit · 4: worth a look by itself (`@`, and 0xEF, with which full-width digits and a byte order mark begin)
const CLASS = new Uint8Array(256)
for (let byte = 0; byte < 256; byte += 1) {
  const ends = byte < 0x20 || byte === 0x22 || byte === 0x5c
  CLASS[byte] = ends ? 1 : byte >= 0x30 && byte <= 0x39 ? 2 : byte === 0x40 || byte === 0xef ? 4 : 0
}

/**
 * Skips a string from behind its opening quote, and tells whether detectors or readers of nested JSON should look at it:
 * gives twice the index behind it, and one more if so.
 */
export function scanText(bytes: Uint8Array, at: number): number {
  const end = bytes.length
  const first = bytes[at] as number
  let worth = first === 0x7b || first === 0x5b || first === 0x20 ? 1 : 0
  let digits = 0
  for (; at < end; at += 1) {
    const kind = CLASS[bytes[at] as number] as number
    if (kind === 0) continue
    if (kind === 2) digits += 1
    else if (kind === 4) worth = 1
    else if (bytes[at] === 0x22) return ((at + 1) << 1) | (digits >= LEAST_DIGITS ? 1 : worth)
    else if (bytes[at] !== 0x5c) break
    else {
      worth = 1
      at = skipEscape(bytes, at) - 1
      if (at < -1) return at + 1
    }
  }
  return notJson(at)
}
