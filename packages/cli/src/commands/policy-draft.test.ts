import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommandFolder, createCommandFolder } from '../command-line-fixture.ts'

const SINCE = Date.parse('2026-11-24T08:00:00Z')
const by = { issuer: 'corp', clientId: 'app', partitions: [], firstUnixMs: SINCE, ruleIds: ['reads'] }
const SEEN = {
  sinceUnixMs: SINCE,
  accesses: [
    { ...by, subject: 'billing', resourceType: 'topic', operation: 3, name: 'orders', lastUnixMs: SINCE + 1_000 },
    { ...by, subject: 'billing', resourceType: 'group', operation: 3, name: 'billing', lastUnixMs: SINCE + 1_000 },
    {
      ...by,
      subject: 'other',
      resourceType: 'topic',
      operation: 4,
      name: 'a*',
      lastUnixMs: SINCE + 1_000,
      issuer: 'x',
    },
  ],
  topics: ['orders'],
}
const POLICY = `rules:
  - id: reads
    who: everyone
    may: { consume: [orders, payments], as: ["*"] }
`

let folder: CommandFolder
let server: Server
let environment: Record<string, string>
let answer: object
let asked: (string | undefined)[]

beforeEach(async () => {
  folder = createCommandFolder()
  folder.write('policy.yaml', POLICY)
  answer = SEEN
  asked = []
  server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  environment = { HEADGATE_GATEWAY: gateway, HEADGATE_TOKEN: 'a.b.c' }
})
afterEach(async () => {
  folder.remove()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const draft = (...args: string[]) => folder.runWith(environment, 'policy', 'draft', ...args)

test('prints the policy and nothing else, so that it can go to a file', async () => {
  const { exitCode, out, error } = await draft()
  expect({ exitCode, error, asked }).toEqual({ exitCode: 0, error: '', asked: ['/v1/seen'] })
  expect(out).toContain(
    'who: { issuers: [corp], subjects: [billing] }\n    may:\n      consume: [orders]\n      as: [billing]\n',
  )
  expect(out).toContain('#   x/other: produce `a*`: a rule would take the name for a pattern')
  folder.write('draft.yaml', out)
  expect((await folder.run('policy', 'check', 'draft.yaml')).exitCode).toBe(0)
})

test('of one principal, of one issuer, since a time', async () => {
  expect((await draft('--principal', 'nobody')).out).toContain('rules: []')
  expect((await draft('--issuer', 'x')).out).toContain('rules: []')
  expect((await draft('--since', '2026-11-24T09:00Z')).out).toContain('rules: []')
  expect((await draft('--since', '3650d', '--issuer', 'corp')).out).toContain('seen-corp-billing')
})

test('for a program, rules and policy are JSON', async () => {
  const { out } = await draft('--json')
  expect(JSON.parse(out)).toMatchObject({
    ok: true,
    sinceUnixMs: SINCE,
    rules: [{ id: 'seen-corp-billing', may: { consume: ['orders'], as: ['billing'] } }],
    leftOut: [{ name: 'a*' }],
    policy: expect.stringContaining('seen-corp-billing'),
  })
})

test('tells what a policy grants and nobody used', async () => {
  const { exitCode, out } = await draft('--unused', 'policy.yaml')
  expect(exitCode).toBe(0)
  expect(out).toMatch(
    /^policy\.yaml:2:5: rule `reads` grants more than is used \(last used .* ago\): consume `payments`\n/,
  )
  const { out: json } = await draft('--unused', 'policy.yaml', '--json')
  expect(JSON.parse(json)).toMatchObject({
    unused: [
      { ruleId: 'reads', source: { path: 'policy.yaml', line: 2 }, unused: [{ verb: 'consume', names: ['payments'] }] },
    ],
  })
  folder.write('wrong.yaml', 'rules: 7\n')
  expect((await draft('--unused', 'wrong.yaml')).exitCode).toBe(2)
})

test.each([
  ['--since', 'yesterday'],
  ['--siblings', '1'],
  ['--siblings', 'many'],
])('refuses %s %s', async (option, value) => {
  expect((await draft(option, value)).exitCode).toBe(2)
  expect(asked).toEqual([])
})

test('an answer that is none of a gateway ends with a failure', async () => {
  answer = { accesses: 7 }
  const { exitCode, error } = await draft()
  expect(exitCode).toBe(1)
  expect(error).toContain('ERR_CLI_GATEWAY_ANSWER')
})
