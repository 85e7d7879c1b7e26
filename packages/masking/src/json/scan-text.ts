import { skipEscape, skipSequences } from './skip.ts'

const LEAST_DIGITS = 9

// 0: letters and what may separate digits · 1: digits · 2: what is worth a look by itself · 3: what ends a plain run.
const CLASS = new Uint8Array(256)
// Whether a byte may stand between two digits of a run.
const SEPARATES = new Uint8Array(256)
for (let byte = 0; byte < 256; byte += 1) {
  const character = String.fromCharCode(byte)
  if (byte < 0x20 || byte >= 0x80 || byte === 0x22 || byte === 0x5c) CLASS[byte] = 3
  else if (character === '@') CLASS[byte] = 2
  else if (byte >= 0x30 && byte <= 0x39) CLASS[byte] = 1
  SEPARATES[byte] = ' -./_'.includes(character) || byte >= 0x80 ? 1 : 0
}

/** What a scan watches for: long runs of digits, an `@`, or both. */
export const WATCH_DIGITS = 1
/** See {@link WATCH_DIGITS}. */
export const WATCH_SIGNS = 2

// What neither begins JSON nor belongs to a find, and ASCII: letters above all.
const QUIET = new Uint8Array(256)
for (let byte = 0x21; byte < 0x80; byte += 1) QUIET[byte] = CLASS[byte] === 0 && byte !== 0x5b && byte !== 0x7b ? 1 : 0

/** Skips a key that holds nothing worth a look, from behind its opening quote; 0 if it may hold something. */
export function skipQuietKey(bytes: Uint8Array, at: number): number {
  while (QUIET[bytes[at] as number] === 1) at += 1
  return bytes[at] === 0x22 ? at + 1 : 0
}

/**
 * Skips a string from behind its opening quote, and tells whether detectors or readers of nested JSON should look at it:
 * gives twice the index behind it, and one more if so.
 *
 * No detector finds anything without an `@`, or nine digits with nothing but separators among them. Full-width digits and
 * a byte order mark begin with 0xEF.
 */
export function scanText(bytes: Uint8Array, at: number, watched: number): number {
  const first = bytes[at] as number
  let worth = first === 0x7b || first === 0x5b || first === 0x20 ? 1 : 0
  let digits = 0
  for (;;) {
    while (CLASS[bytes[at] as number] === 0) {
      if (digits > 0 && SEPARATES[bytes[at] as number] === 0) digits = 0
      at += 1
    }
    const byte = bytes[at] as number
    const kind = CLASS[byte]
    if (kind === 1) {
      digits += 1
      if (digits === LEAST_DIGITS && (watched & WATCH_DIGITS) !== 0) worth = 1
      at += 1
    } else if (kind === 2) {
      if ((watched & WATCH_SIGNS) !== 0) worth = 1
      digits = 0
      at += 1
    } else if (byte === 0x22) return ((at + 1) << 1) | worth
    else {
      if (byte === 0x5c || byte === 0xef) worth = 1
      at = byte === 0x5c ? skipEscape(bytes, at) : skipSequences(bytes, at)
      if (at < 0) return at
    }
  }
}
