/** The text of a string, from its opening quote to behind its closing one, that was scanned before. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  // A sound string is a JSON text of its own; what was scanned cannot be refused.
  return JSON.parse(bytes.toString('utf8', start, end)) as string
}

/** Tells whether the bytes from `start` to `end` are this ASCII text. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text.charCodeAt(at)) return false
  return true
}
