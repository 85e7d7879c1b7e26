/** The text of a string, from its opening quote to behind its closing one, that was scanned before. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  if (isPlain(bytes, start + 1, end - 1)) return bytes.toString('latin1', start + 1, end - 1)
  // A sound string is a JSON text of its own; what was scanned cannot be refused.
  return JSON.parse(bytes.toString('utf8', start, end)) as string
}

/** Tells whether the bytes from `start` to `end` are this ASCII text. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text.charCodeAt(at)) return false
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
