// Test fixture: a page of the documentation whose commands are run on its files, and have to print what it says.
import { readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '@headgate/core'
import { afterAll, expect, test } from 'vitest'
import { createCommandFolder } from '../command-line-fixture.ts'

const FILE = /^```(?:ya?ml|text)\n# ([\w.-]+)\n([\s\S]*?)^```$/gm
const COMMAND = /^```console\n\$ headgate (.*)\n([\s\S]*?)^```$/gm
// The page is the golden file: this writes what its commands print.
const isUpdating = process.env['HEADGATE_UPDATE_PAGES'] === '1'

/** A page that is a golden file. */
export interface GoldenPage {
  readonly text: string
  /** Its commands, without `headgate`. */
  readonly commands: readonly string[]
}

/**
 * Adds a test for each command of a page: of each block `console` that begins with `$ headgate`, on the blocks `yaml` and `text` that begin
 * with the name of a file.
 *
 * @param url the page
 */
export function testGoldenPage(url: URL): GoldenPage {
  const text = readFileSync(url, 'utf8')
  // What a page says of instants stays true.
  const nowUnixMs = Date.parse('2026-12-01T12:00:00Z')
  const folder = createCommandFolder({ clock: { ...systemClock, nowUnixMs: () => nowUnixMs } })
  for (const [, name = '', content = ''] of text.matchAll(FILE)) folder.write(name, `# ${name}\n${content}`)
  const commands = [...text.matchAll(COMMAND)].map(([, line = '', printed = '']) => ({ line, printed }))
  const seen = new Map<string, string>()
  afterAll(() => {
    folder.remove()
    if (!isUpdating) return
    const block = (line: string): string => `\`\`\`console\n$ headgate ${line}\n${seen.get(line)}\`\`\``
    writeFileSync(
      url,
      text.replace(COMMAND, (_whole, line: string) => block(line)),
    )
  })
  test.each(commands)('$line', async ({ line, printed }) => {
    const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, inQuotes, plain = '']) => inQuotes ?? plain)
    const { exitCode, out, error } = await folder.run(...args)
    const all = `${out}${error}${exitCode === 0 ? '' : `# exit code ${exitCode}\n`}`
    seen.set(line, all)
    if (!isUpdating) expect(all).toBe(printed)
  })
  return { text, commands: commands.map(({ line }) => line) }
}
