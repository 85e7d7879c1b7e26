import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommandFolder, createCommandFolder, POLICY } from '../command-line-fixture.ts'

let folder: CommandFolder

beforeEach(() => {
  folder = createCommandFolder()
  folder.write('policy.yaml', POLICY)
  folder.write('wrong.yaml', 'rules: {}\n')
})
afterEach(() => folder.remove())

test.each([
  ['explain', 'wrong.yaml', '--as', 'corp/ada', 'consume', 'orders'],
  ['diff', 'policy.yaml', 'wrong.yaml'],
  ['lint', 'wrong.yaml'],
])('%s of a wrong policy tells its problems and ends with 2', async (...args) => {
  const { exitCode, error } = await folder.run('policy', ...args)
  expect({ exitCode, first: error.split('\n')[0] }).toEqual({
    exitCode: 2,
    first: expect.stringMatching(/^wrong\.yaml:1:/),
  })
})

test('diff ends with 1 where access is new, unless that is allowed', async () => {
  folder.write('empty.yaml', 'rules: []\n')
  expect(await folder.run('policy', 'diff', 'policy.yaml', 'policy.yaml')).toMatchObject({ exitCode: 0 })
  expect(await folder.run('policy', 'diff', 'policy.yaml', 'empty.yaml')).toMatchObject({ exitCode: 0 })
  const { exitCode, out } = await folder.run('policy', 'diff', 'empty.yaml', 'policy.yaml', '--json')
  expect(exitCode).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    hasNewAccess: true,
    changes: [{ action: 'produce' }, { action: 'describe' }],
  })
  expect(await folder.run('policy', 'diff', 'empty.yaml', 'policy.yaml', '--allow-new')).toMatchObject({ exitCode: 0 })
})

test.each([
  ['explain', 'policy.yaml', '--as', 'nobody', 'consume', 'orders'],
  ['explain', 'policy.yaml', '--as', 'corp/ada', '--at', 'tomorrow', 'consume', 'orders'],
  ['import', '--from-acls', 'nowhere.txt', '--issuer', 'corp'],
  ['lint', 'policy.yaml', '--sarif', 'nowhere/lint.sarif'],
])('a command that is wrong ends with 2, since 1 says that something was found: %s', async (...args) => {
  expect(await folder.run('policy', ...args)).toMatchObject({ exitCode: 2, error: expect.stringContaining('ERR_') })
})

test('import: a cluster that does not answer is named, with what to do', async () => {
  const { exitCode, error } = await folder.run(
    ...['policy', 'import', '--from-acls', '--issuer', 'corp', '--kafka', 'localhost:1'],
  )
  expect(exitCode).toBe(1)
  expect(error).toMatch(/^headgate: no Kafka answers at `localhost:1`: .*\(ERR_CLI_KAFKA_UNREACHABLE\)\n$/)
})

test('lint: codes that are ignored, SARIF in a file, JSON', async () => {
  folder.write('policy.yaml', POLICY.replace('[orders]', '["*"]'))
  expect(await folder.run('policy', 'lint', 'policy.yaml', '--ignore', 'wide-grant')).toMatchObject({ exitCode: 0 })
  const { exitCode, out } = await folder.run('policy', 'lint', 'policy.yaml', '--json', '--sarif', 'lint.sarif')
  expect(exitCode).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ code: 'wide-grant', path: 'policy.yaml', line: 2 }] })
  const sarif = JSON.parse(readFileSync(join(folder.path, 'lint.sarif'), 'utf8'))
  expect(sarif.runs[0].results).toHaveLength(1)
  const refused = await folder.run('policy', 'lint', 'policy.yaml', '--sarif', 'nowhere/lint.sarif')
  expect(refused.error).toContain('ERR_CLI_REPORT_UNWRITABLE')
})

test('test: cases beside the policy or named, JUnit and SARIF in files, problems of cases with their places', async () => {
  const without = await folder.run('policy', 'test', 'policy.yaml')
  expect(without).toMatchObject({
    exitCode: 2,
    error: expect.stringMatching(/write cases there.*ERR_CLI_FILE_UNREADABLE/),
  })
  const cases = 'cases:\n  - { as: corp/ada, groups: [producers], ask: { produce: [orders] }, expect: allow }\n'
  folder.write('policy.test.yaml', cases)
  expect(await folder.run('policy', 'test', 'policy.yaml')).toMatchObject({ exitCode: 0, out: '1 passed, 0 failed\n' })
  folder.write('more.yaml', cases.replace('expect: allow', 'expect: deny'))
  const reports = ['--junit', 'junit.xml', '--sarif', 'test.sarif', '--json']
  const { exitCode, out } = await folder.run(
    'policy',
    'test',
    'policy.yaml',
    'policy.test.yaml',
    'more.yaml',
    ...reports,
  )
  expect({ exitCode, ...JSON.parse(out) }).toMatchObject({ exitCode: 1, ok: false, passed: 1, failed: 1 })
  expect(readFileSync(join(folder.path, 'junit.xml'), 'utf8')).toContain(
    '<testsuite name="more.yaml" tests="1" failures="1"',
  )
  expect(JSON.parse(readFileSync(join(folder.path, 'test.sarif'), 'utf8')).runs[0].results).toHaveLength(1)
  folder.write('wrong.test.yaml', cases.replace('expect: allow', 'expct: allow'))
  const wrong = await folder.run('policy', 'test', 'policy.yaml', 'wrong.test.yaml')
  expect(wrong.exitCode).toBe(2)
  expect(wrong.error).toMatch(/^wrong\.test\.yaml:2:.*did you mean `expect`\?/m)
})

test('schema prints the JSON Schema that the package has', async () => {
  const { exitCode, out } = await folder.run('policy', 'schema')
  const committed = new URL('../../../policy/policy.schema.json', import.meta.url)
  expect({ exitCode, schema: JSON.parse(out) }).toEqual({
    exitCode: 0,
    schema: JSON.parse(readFileSync(committed, 'utf8')),
  })
})
