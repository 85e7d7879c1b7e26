const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu
const SHORT: Readonly<Record<string, string>> = Object.freeze({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })

/**
 * Somebody else's text, safe for a terminal: control characters, and those that change how others are read, are written out
 * as `\n` or `\u{202e}`. Nothing is left out.
 */
export function terminalText(text: string): string {
  return text.replace(NOT_PRINTABLE, (character) => {
    const codePoint = character.codePointAt(0) ?? 0
    return SHORT[character] ?? `\\u{${codePoint.toString(16)}}`
  })
}

/** Lines in columns. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}
