/** Members of a JSON object whose shape is not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The JSON that a text holds; nothing when it holds none. The parser's own message quotes its input, so it is dropped. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value where it is a JSON object, else nothing. */
export function jsonObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

/** The member of that name where it is a text, else nothing. */
export function textMember(object: JsonObject | undefined, name: string): string | undefined {
  const value = object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/** The member of that name where it is a number that is finite, else nothing. */
export function numberMember(object: JsonObject | undefined, name: string): number | undefined {
  const value = object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const MAX_PRINTED = 300

/**
 * A server's text, made safe for a terminal: no control or format characters, cut to a sentence, or to `maxLength` characters.
 * What is cut ends in `…`, so that nobody takes a part for the whole.
 */
export function printable(text: string | undefined, maxLength: number = MAX_PRINTED): string {
  const shown = (text ?? '').replace(NOT_PRINTABLE, '')
  return shown.length > maxLength ? `${shown.slice(0, maxLength)}…` : shown
}

/**
 * Writes a value as JSON on one line, for whom `--json` is: a program, or a terminal. What a terminal acts on, and what JSON
 * leaves as it is (C1 controls, and characters that nobody sees), is written by its number, so that the value is the same.
 */
export function jsonLine(value: object): string {
  const escaped = (text: string): string =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
  return `${JSON.stringify(value).replace(NOT_PRINTABLE, escaped)}\n`
}
