import { notJson } from './failure.ts'
import { skipEscape } from './skip.ts'

const LEAST_DIGITS = 9

// What a byte does to the run of digits before it: 0 ends it · 1 is one of its digits · 2 may separate two of them.
// 3: worth a look by itself, 0xEF too, with which full-width digits and a byte order mark begin · 4: ends the string's run.
const CLASS = new Uint8Array(256)
for (let byte = 0; byte < 256; byte += 1) {
  const character = String.fromCharCode(byte)
  if (byte < 0x20 || byte === 0x22 || byte === 0x5c) CLASS[byte] = 4
  else if (character === '@' || byte === 0xef) CLASS[byte] = 3
  else if (byte >= 0x80 || ' -./_'.includes(character)) CLASS[byte] = 2
  else if (byte >= 0x30 && byte <= 0x39) CLASS[byte] = 1
}

/**
 * Skips a string from behind its opening quote, and tells whether detectors or readers of nested JSON should look at it:
 * gives twice the index behind it, and one more if so.
 *
 * No detector finds anything without an `@`, or nine digits with nothing but separators among them.
 */
export function scanText(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  let worth = first === 0x7b || first === 0x5b || first === 0x20 ? 1 : 0
  let digits = 0
  for (;;) {
    const byte = bytes[at] as number
    const kind = CLASS[byte]
    if (kind === 0) digits = 0
    else if (kind === 1) {
      digits += 1
      if (digits === LEAST_DIGITS) worth = 1
    } else if (kind === 3) worth = 1
    else if (kind === 4) {
      if (byte === 0x22) return ((at + 1) << 1) | worth
      if (byte !== 0x5c) return notJson(at)
      worth = 1
      const next = skipEscape(bytes, at)
      if (next < 0) return next
      at = next - 1
    }
    at += 1
  }
}
