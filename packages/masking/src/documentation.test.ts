import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test("the README's example runs and prints what it says", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const program = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code).join('\n')
  const says = [...program.matchAll(/\/\/ => (.*)$/gm)].map(([, line]) => line)
  const options = ['--conditions=@headgate/source', '--input-type=module-typescript', '--no-warnings']
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const printed = execFileSync(process.execPath, options, { encoding: 'utf8', cwd, input: program })
  expect(printed.trimEnd().split('\n')).toEqual(says)
})
