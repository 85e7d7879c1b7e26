import { readFileSync, writeFileSync } from 'node:fs'
import { lintCodes } from '@headgate/policy'
import { afterAll, expect, test } from 'vitest'
import { createCommandFolder } from '../command-line-fixture.ts'

// The page is the golden file: its commands are run on its files and have to print what it says. `HEADGATE_UPDATE_PAGES=1`
// writes what they print.
const path = new URL('../../../../docs/reference/policy-tools.md', import.meta.url)
const page = readFileSync(path, 'utf8')
const FILE = /^```ya?ml\n# ([\w.-]+)\n([\s\S]*?)^```$/gm
const COMMAND = /^```console\n\$ headgate (.*)\n([\s\S]*?)^```$/gm

const folder = createCommandFolder()
for (const [, name = '', text = ''] of page.matchAll(FILE)) folder.write(name, `# ${name}\n${text}`)
const commands = [...page.matchAll(COMMAND)].map(([, line = '', printed = '']) => ({ line, printed }))
const seen = new Map<string, string>()

afterAll(() => {
  folder.remove()
  if (process.env['HEADGATE_UPDATE_PAGES'] !== '1') return
  const block = (line: string): string => `\`\`\`console\n$ headgate ${line}\n${seen.get(line)}\`\`\``
  writeFileSync(
    path,
    page.replace(COMMAND, (_whole, line: string) => block(line)),
  )
})

test('the page has an example of each command', () => {
  const names = new Set(commands.map(({ line }) => line.split(' ').slice(0, 2).join(' ')))
  const documented = [...page.matchAll(/^## `headgate (policy \w+)/gm)].map(([, name]) => name)
  expect([...names].sort()).toEqual(documented.filter((name) => name !== 'policy schema').sort())
})

test('the page has every code of lint with what it is about', () => {
  for (const [code, about] of Object.entries(lintCodes)) expect(page).toContain(`| \`${code}\` | ${about} |`)
})

test.each(commands)('$line', async ({ line, printed }) => {
  const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, inQuotes, plain = '']) => inQuotes ?? plain)
  const { exitCode, out, error } = await folder.run(...args)
  const all = `${out}${error}${exitCode === 0 ? '' : `# exit code ${exitCode}\n`}`
  seen.set(line, all)
  if (process.env['HEADGATE_UPDATE_PAGES'] !== '1') expect(all).toBe(printed)
})
