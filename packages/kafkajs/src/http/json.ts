/** Members of a JSON object whose shape is not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Parses bytes as one JSON object; nothing when they are not that. The parser's own message quotes its input, so it is dropped. */
export function parseJsonObject(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

/** The member of that name where it is a text, else nothing. */
export function textMember(object: JsonObject | undefined, name: string): string | undefined {
  const value = object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'string' ? value : undefined
}

const PRINTABLE = /[^\x20-\x7e]/g

/** A server's text, made safe to print: printable ASCII, cut to a sentence. */
export function printable(text: string | undefined): string {
  return (text ?? '').replace(PRINTABLE, '').slice(0, 200)
}
