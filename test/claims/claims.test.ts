import { expect, test } from 'vitest'
import type { RecordedTest, ResultState } from '../reporter/results.ts'
import { allStand, type JudgedRun, judgeClaims, namedIds } from './proofs.ts'
import { type Claim, parseClaims } from './readme-claims.ts'
import { recordedRun as run } from './recorded-run-fixture.ts'
import { formatTable } from './table.ts'

const README = `# Title
Some words.

- **Blocked at the gateway**, whatever the client; see [the page](docs/x.md)
  and the log. [gateway-blocks]
- A second thing [starts-fast], and more.

[gateway-blocks]: test/e2e/a.test.ts
[starts-fast]: test/long/b.test.ts
[lonely]: test/e2e/c.test.ts
[docs]: docs/x.md
`

const claim: Claim = { id: 'gateway-blocks', text: 'blocks', proof: 'a.test.ts' }
const named = (state: ResultState, file = 'a.test.ts'): RecordedTest => ({
  file,
  name: 'it blocks [gateway-blocks]',
  state,
})

test('a claim is the list item that ends in its id, linked to a test file', () => {
  expect(parseClaims(README)).toEqual([
    {
      id: 'gateway-blocks',
      text: 'Blocked at the gateway, whatever the client; see the page and the log.',
      proof: 'test/e2e/a.test.ts',
    },
    { id: 'starts-fast', text: 'A second thing, and more.', proof: 'test/long/b.test.ts' },
    { id: 'lonely', text: '', proof: 'test/e2e/c.test.ts' },
  ])
})

test('ids are read from the end of a name and of the groups around it', () => {
  expect(namedIds('group [a-b] > test [c] [d-e]')).toEqual(['a-b', 'c', 'd-e'])
  expect(namedIds('an array [a] in the middle')).toEqual([])
})

test.each<[string, readonly JudgedRun[]]>([
  ['proved', [run([named('passed')])]],
  ['proved', [run([named('passed'), named('not run')])]],
  ['proved', [run([named('passed')]), run([named('passed')], true)]],
  ['stale', [run([named('passed')], true)]],
  ['failed', [run([named('passed'), named('failed', 'b.test.ts')])]],
  ['not run', [run([named('not run')])]],
  ['not run', []],
  ['not run', [run([{ file: 'b.test.ts', name: 'another', state: 'passed' }])]],
  ['no test', [run([{ ...named('passed'), name: 'it blocks' }])]],
  ['no test', [run([named('passed', 'b.test.ts')])]],
])('a claim is %s by what its tests did', (verdict, runs) => {
  expect(judgeClaims([claim], runs)[0]?.verdict).toBe(verdict)
})

test('one claim that does not stand, or none at all, fails', () => {
  const judged = judgeClaims([claim, { ...claim, id: 'other' }], [run([named('passed')])])

  expect(allStand(judged)).toBe(false)
  expect(allStand(judged.slice(0, 1))).toBe(true)
  expect(allStand([])).toBe(false)
})

test('the table shows claim, result, text, test and, where it is stale, its commit and day', () => {
  const table = formatTable(judgeClaims([claim], [run([named('passed')], true)]))

  expect(table).toContain('gateway-blocks  stale        blocks')
  expect(table).toContain('passed  a.test.ts (abc1234, 2026-01-01): it blocks [gateway-blocks]')
})

test('a sweep is counted, and what failed among it is named', () => {
  const sweep = [...Array.from({ length: 20 }, () => named('passed')), named('failed')]
  const table = formatTable(judgeClaims([claim], [run(sweep)]))

  expect(table).toContain('passed  a.test.ts: 20 tests')
  expect(table).toContain('failed  a.test.ts: it blocks [gateway-blocks]')
  expect(table.split('\n')).toHaveLength(7)
})
