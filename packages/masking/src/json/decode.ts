/** The text of a string, from its opening quote to behind its closing one, that was scanned before. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  if (isPlain(bytes, start + 1, end - 1)) return decodePlain(bytes, start + 1, end - 1)
  // A sound string is a JSON text of its own; what was scanned cannot be refused.
  return JSON.parse(bytes.toString('utf8', start, end)) as string
}

/** Tells whether the bytes from `start` to `end` are those of this text. */
export function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text[at]) return false
  return true
}

/** Tells whether the bytes are ASCII without an escape: what stands there is the text. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number
    if (byte >= 0x80 || byte === 0x5c) return false
  }
  return true
}

/** The text of ASCII bytes. */
export function decodePlain(bytes: Buffer, start: number, end: number): string {
  return (bytes as LatinBuffer).latin1Slice(start, end)
}

// What `toString('latin1')` ends in; the way there costs as much as the slice.
interface LatinBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
}
