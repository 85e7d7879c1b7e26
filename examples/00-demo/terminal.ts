import { stripVTControlCharacters, styleText } from 'node:util'

const MAX_COLUMNS = 96
const INDENT = '  '

let isSilent = false

/** Prints nothing from here on: what still goes on while everything is ended is of no interest. */
export function silence(): void {
  isSilent = true
}

/** Writes text without a line end. */
export function write(text: string): void {
  if (!isSilent) process.stdout.write(text)
}

type Style = Parameters<typeof styleText>[0]

/** Text in a style, or plain where the terminal or NO_COLOR wants it so. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** Prints a line as it is. */
export function print(line = ''): void {
  write(`${line}\n`)
}

/** Prints the heading of a step. */
export function heading(text: string): void {
  print(`\n${styled('bold', text)}`)
}

/** Prints running text, wrapped and indented; lines after the first may hang further in. */
export function paragraph(text: string, style?: Style, hanging = ''): void {
  const lines = wrap(text, MAX_COLUMNS - INDENT.length - hanging.length)
  for (const [index, line] of lines.entries()) {
    const shown = style === undefined ? line : styled(style, line)
    print(`${INDENT}${index === 0 ? '' : hanging}${shown}`)
  }
}

/** Prints what a check has shown. */
export function tick(text: string): void {
  paragraph(`${styled('green', '✓')} ${text}`, undefined, '  ')
}

/** Prints what did not come out as said. */
export function cross(text: string): void {
  paragraph(`${styled('red', '✗')} ${text}`, undefined, '  ')
}

/** Prints rows in aligned columns. */
export function table(rows: readonly (readonly string[])[], firstRow: 'head' | 'body' = 'body'): void {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const [index, row] of rows.entries()) {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd()
    const [first = '', rest = ''] = [line.slice(0, widths[0]), line.slice(widths[0])]
    print(`${INDENT}  ${index === 0 && firstRow === 'head' ? styled('dim', line) : styled('cyan', first) + rest}`)
  }
}

/** Breaks at spaces; a word longer than the line stands alone. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && stripVTControlCharacters(longer).length > columns) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, line]
}
