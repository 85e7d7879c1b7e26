import { notJson, tooDeep } from './failure.ts'
import { skipSequence } from './utf8.ts'

// Strict JSON (RFC 8259), as JSON.parse takes it. Each function gets the index of the first byte that it reads, and gives
// the index behind the last, or a failure. Cursors live in arguments and results: a cursor in a field costs a third more.
// INVARIANT: behind the text stands a zero byte, and no function reads behind that.
// Bytes from 0x80 are allowed in strings alone, where they are checked to be UTF-8.

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** What ends a run of plain characters in a string: the quote, the backslash, controls, bytes from 0x80. */
const ENDS_RUN = new Uint8Array(256)
/** Bytes behind a backslash; 2 for `u`. */
const ESCAPES = new Uint8Array(256)
const HEX = new Uint8Array(256)

for (let byte = 0; byte < 256; byte += 1) {
  const special = byte < 0x20 || byte === QUOTE || byte === BACKSLASH
  ENDS_RUN[byte] = special || byte >= 0x80 ? 1 : 0
  ESCAPES[byte] = '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0
  HEX[byte] = /[0-9a-fA-F]/.test(String.fromCharCode(byte)) ? 1 : 0
}
ESCAPES[0x75] = 2

/** Skips white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) > 0x20 ? at : skipSpaces(bytes, at)
}

// Apart, since most records hold none.
function skipSpaces(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at += 1
  }
}

/** Skips a string from behind its opening quote. */
function skipString(bytes: Uint8Array, at: number): number {
  while (ENDS_RUN[bytes[at] as number] === 0) at += 1
  return bytes[at] === QUOTE ? at + 1 : skipRest(bytes, at)
}

/** Skips what is left of a string from its first character that is not plain; apart, since few strings hold one. */
function skipRest(bytes: Uint8Array, at: number): number {
  for (;;) {
    at = bytes[at] === BACKSLASH ? skipEscape(bytes, at) : skipSequences(bytes, at)
    if (at < 0) return at
    while (ENDS_RUN[bytes[at] as number] === 0) at += 1
    if (bytes[at] === QUOTE) return at + 1
  }
}

/** Skips characters beyond ASCII, at least one. */
export function skipSequences(bytes: Uint8Array, at: number): number {
  if ((bytes[at] as number) < 0x80) return notJson(at)
  while ((bytes[at] as number) >= 0x80) {
    const next = skipSequence(bytes, at)
    if (next < 0) return notJson(at)
    at = next
  }
  return at
}

/** As {@link skipString}; gives twice the index, and one more when the string holds an escape or bytes from 0x80. */
export function skipKey(bytes: Uint8Array, at: number): number {
  while (ENDS_RUN[bytes[at] as number] === 0) at += 1
  if (bytes[at] === QUOTE) return (at + 1) << 1
  const closed = skipRest(bytes, at)
  return closed < 0 ? closed : (closed << 1) | 1
}

/** Skips an escape from its backslash. */
export function skipEscape(bytes: Uint8Array, at: number): number {
  const kind = ESCAPES[bytes[at + 1] as number]
  if (kind === 1) return at + 2
  if (kind !== 2) return notJson(at)
  for (let digit = at + 2; digit < at + 6; digit += 1) if (HEX[bytes[digit] as number] !== 1) return notJson(at)
  return at + 6
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function skipDigits(bytes: Uint8Array, at: number): number {
  if (!isDigit(bytes[at] as number)) return notJson(at)
  while (isDigit(bytes[at] as number)) at += 1
  return at
}

/** Skips a number from its sign or first digit. */
export function skipNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x2d) at += 1
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at)
  if (at < 0) return at
  if (bytes[at] === 0x2e) {
    at = skipDigits(bytes, at + 1)
    if (at < 0) return at
  }
  if (((bytes[at] as number) | 0x20) !== 0x65) return at
  const sign = bytes[at + 1]
  return skipDigits(bytes, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1)
}

/** Skips `true`, `false` or `null`. */
export function skipWord(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first === 0x74) return isWord(bytes, at, 0x72, 0x75, 0x65) ? at + 4 : notJson(at)
  if (first === 0x6e) return isWord(bytes, at, 0x75, 0x6c, 0x6c) ? at + 4 : notJson(at)
  if (first !== 0x66 || bytes[at + 1] !== 0x61) return notJson(at)
  return isWord(bytes, at + 1, 0x6c, 0x73, 0x65) ? at + 5 : notJson(at)
}

function isWord(bytes: Uint8Array, at: number, second: number, third: number, fourth: number): boolean {
  return bytes[at + 1] === second && bytes[at + 2] === third && bytes[at + 3] === fourth
}

/** Skips a string, a number or a word. */
export function skipScalar(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number
  if (byte === QUOTE) return skipString(bytes, at + 1)
  return byte === 0x2d || isDigit(byte) ? skipNumber(bytes, at) : skipWord(bytes, at)
}

/** Skips a value of any kind with at most `depth` levels of arrays and objects. */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const byte = bytes[at]
  if (byte === QUOTE) return skipString(bytes, at + 1)
  if (byte === 0x7b) return depth === 0 ? tooDeep(at) : skipObject(bytes, at + 1, depth - 1)
  if (byte === 0x5b) return depth === 0 ? tooDeep(at) : skipArray(bytes, at + 1, depth - 1)
  return skipScalar(bytes, at)
}

function skipArray(bytes: Uint8Array, at: number, depth: number): number {
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x5d) return at + 1
  for (;;) {
    at = skipValue(bytes, at, depth)
    if (at < 0) return at
    at = skipSpace(bytes, at)
    const byte = bytes[at]
    if (byte === 0x5d) return at + 1
    if (byte !== 0x2c) return notJson(at)
    at = skipSpace(bytes, at + 1)
  }
}

function skipObject(bytes: Uint8Array, at: number, depth: number): number {
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x7d) return at + 1
  for (;;) {
    if (bytes[at] !== QUOTE) return notJson(at)
    at = skipString(bytes, at + 1)
    if (at >= 0) at = skipColon(bytes, at)
    if (at >= 0) at = skipValue(bytes, at, depth)
    if (at < 0) return at
    at = skipSpace(bytes, at)
    const byte = bytes[at]
    if (byte === 0x7d) return at + 1
    if (byte !== 0x2c) return notJson(at)
    at = skipSpace(bytes, at + 1)
  }
}

/** Skips the colon behind a key, and white space around it. */
export function skipColon(bytes: Uint8Array, at: number): number {
  at = skipSpace(bytes, at)
  return bytes[at] === 0x3a ? skipSpace(bytes, at + 1) : notJson(at)
}
