import { AssertionError } from 'node:assert'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AskedDecision, type DecisionExpectation, expectDecision } from './expect-decision.ts'

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-testkit-'))
  path = join(folder, 'policy.yaml')
  writeFileSync(
    path,
    `topics:
  - match: [payments]
    approval: { by: [leads], for: 1h }
rules:
  - id: analytics-reads
    who: { groups: [analytics] }
    may: { consume: [orders, payments] }
`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

const ask = (changes: Partial<AskedDecision> = {}): DecisionExpectation =>
  expectDecision(path, { as: 'corp/reports', groups: ['analytics'], verb: 'consume', name: 'orders', ...changes })

const messageOf = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return error instanceof AssertionError ? error.message : `no assertion: ${String(error)}`
  }
  return 'nothing was thrown'
}

test('each effect is held against the decision of the policy', () => {
  ask().toAllow()
  ask({ verb: 'produce' }).toDeny()
  ask({ name: 'payments' }).toHold()
  expect(ask().explanation.decision).toMatchObject({ effect: 'allow', ruleIds: ['analytics-reads'] })
})

test('what is otherwise fails with the explanation, the near miss by file and line', () => {
  expect(messageOf(() => ask({ groups: [] }).toAllow())).toMatch(
    /expected allow\n(?:.*\n)+.*policy\.yaml:5 `analytics-reads`/,
  )
  expect(messageOf(() => ask().toDeny())).toContain('expected deny')
  expect(messageOf(() => ask().toHold())).toContain('expected hold')
})

test('a policy that is not sound fails with every problem, a question that is none with its own code', () => {
  const bad = join(folder, 'bad.yaml')
  writeFileSync(bad, 'rules: [{ id: a, who: everyone, may: { eat: [orders] } }]\n')

  expect(messageOf(() => expectDecision(bad, { as: 'corp/a', verb: 'consume', name: 'orders' }))).toMatch(
    /bad\.yaml:1:\d+: .*eat/,
  )
  expect(() => ask({ verb: 'eat' })).toThrow(expect.objectContaining({ code: 'ERR_POLICY_REQUEST_WORDS' }))
})
