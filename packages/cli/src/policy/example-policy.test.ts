import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { createCommandFolder } from '../command-line-fixture.ts'

// What the tools say of the policy of the demo, and of a change of it that gives access. Golden: `vitest -u` writes it anew.
const policy = readFileSync(new URL('../../../../examples/00-demo/policy.yaml', import.meta.url), 'utf8')
const CHANGES: readonly (readonly [string, string])[] = [
  ['as: ["engineers-*"] }', 'as: ["engineers-*"], without-approval: true }'],
  ['card/number, with: last-4', 'card/number, with: last-6'],
  ['may: { produce: [audit-log], consume: [audit-log]', 'may: { consume: [audit-log]'],
]
const COMMANDS: readonly (readonly string[])[] = [
  ['explain', 'policy.yaml', '--as', 'corp/hedy', '--groups', 'engineers', 'consume', 'payments'],
  ['explain', 'policy.yaml', '--as', 'corp/orders', 'consume', 'payments'],
  ['explain', 'policy.yaml', '--as', 'corp/ada', '--groups', 'fraud', 'consume', 'payments'],
  ['diff', 'policy.yaml', 'changed.yaml'],
  ['lint', 'policy.yaml'],
]

const folder = createCommandFolder()
afterAll(() => folder.remove())

test('explain, diff with its witnesses, and lint say of the example policy what they always said', async () => {
  folder.write('policy.yaml', policy)
  for (const [before] of CHANGES) expect(policy).toContain(before)
  folder.write(
    'changed.yaml',
    CHANGES.reduce((text, [before, after]) => text.replace(before, after), policy),
  )
  const parts: string[] = []
  for (const args of COMMANDS) {
    const { exitCode, out, error } = await folder.run('policy', ...args)
    parts.push(`$ headgate policy ${args.join(' ')}\n${out}${error}# exit code ${exitCode}\n`)
  }
  await expect(parts.join('\n')).toMatchFileSnapshot('example-policy.golden.txt')
})
