/** Writes the exports of the generated files, name by name, into the section of index.ts that is kept for them. */
import type { Message } from './model.ts'

const BEGIN = '// Generated exports: begin (codegen/main.ts)'
const END = '// Generated exports: end'
const LINE_WIDTH = 120

/** The text of index.ts with a new section. */
export function replaceExports(index: string, files: ReadonlyMap<string, readonly Message[]>): string {
  const begin = index.indexOf(BEGIN)
  const end = index.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('index.ts has no section for generated exports')
  const seen = new Set<string>()
  const lines = [...files].map(([file, messages]) => exportFrom(file, messages, seen))
  return `${index.slice(0, begin)}${BEGIN}\n\n${lines.join('\n')}\n\n${index.slice(end)}`
}

function exportFrom(file: string, messages: readonly Message[], seen: Set<string>): string {
  const names = messages.flatMap((message) => {
    const structs = [message.body, ...message.structs].map((struct) => struct.name)
    return [
      ...['decode', 'encode'].map((verb) => `${verb}${message.body.name}`),
      ...structs.map((name) => `default${name}`),
      ...structs.map((name) => `type ${name}`),
    ]
  })
  for (const name of names) {
    if (seen.has(name)) throw new Error(`${name} is exported twice`)
    seen.add(name)
  }
  names.sort(byName)
  const oneLine = `export { ${names.join(', ')} } from './messages/${file}'`
  if (oneLine.length <= LINE_WIDTH) return oneLine
  return `export {\n${names.map((name) => `  ${name},\n`).join('')}} from './messages/${file}'`
}

/** The order that the formatter asks for: letter by letter, and upper case first where the letter is the same. */
function byName(left: string, right: string): number {
  const [a, b] = [left, right].map((name) => [...name.replace('type ', '')].map(letterKey).join('')) as [string, string]
  return a < b ? -1 : a > b ? 1 : 0
}

function letterKey(letter: string): string {
  return letter.toLowerCase() + (letter === letter.toLowerCase() ? '1' : '0')
}
