import { expect, test } from 'vitest'
import { parsePolicy } from '../../document/parse-policy.ts'
import { describeCases, junitOf } from './case-reports.ts'
import { parseCases } from './parse-cases.ts'
import { type CaseResult, caseProblems, runCases } from './run-cases.ts'

const POLICY = `topics:
  - { id: t, match: [orders], mask: [{ headers: [x-user], with: { token: user } }, { key: true, with: null }], audit: required }
  - { id: p, match: [payments], approval: { by: [leads], for: 1h } }
rules:
  - { id: r, who: { groups: [g] }, may: { consume: [orders, payments], as: ["g-*"], produce: [parts], partitions: [0-1] } }
  - { id: all, who: { groups: [g] }, may: { consume: [orders, payments] } }
  - { id: part, who: { groups: [part] }, may: { consume: [orders], only: ["a(b,c)", key] } }
`

function run(...cases: string[]): readonly CaseResult[] {
  const policy = parsePolicy({ path: 'policy.yaml', text: POLICY }, () => '')
  const parsed = parseCases({
    path: 'cases.yaml',
    text: `cases:\n${cases.map((each) => `  - { ${each} }\n`).join('')}`,
  })
  if (!policy.ok || !parsed.ok) throw new Error(JSON.stringify([policy, parsed]))
  return runCases(policy.document, parsed.cases)
}

const member = 'as: corp/ada, groups: [g]'

test.each([
  `${member}, ask: { consume: [orders] }, expect: allow, rules: [all], reason: granted`,
  `${member}, ask: { consume: [orders] }, partition: 0, expect: allow, rules: [r, all]`,
  `${member}, ask: { consume: [orders] }, partition: 5, expect: allow, rules: [all]`,
  `${member}, ask: { consume: [orders] }, expect: allow, masks: { "header:x-user": token user, key: null }, audit: required`,
  `${member}, ask: { consume: [payments] }, expect: hold, approvals: [p], masks: {}`,
  `${member}, ask: { as: [g-1, g-2], describe-groups: [g-1] }, expect: allow, approvals: [], audit: standard`,
  `${member}, ask: { produce: [parts] }, expect: deny, reason: partition-not-granted`,
  'as: corp/ada, groups: unknown, ask: { consume: [orders], cluster: [alter] }, expect: deny, reason: groups-unknown',
  'as: corp/a/b, ask: { consume: [orders] }, expect: deny, rules: []',
  'as: corp/a, groups: [part], ask: { consume: [orders] }, expect: allow, only: [key, "a/c,a/b"], masks: { key: null }',
  'as: corp/a, groups: [part, g], ask: { consume: [orders] }, expect: allow, only: everything',
])('as expected: %s', (text) => {
  expect(run(text).flatMap(({ failures }) => failures)).toEqual([])
})

test.each([
  [`${member}, ask: { consume: [orders] }, expect: hold, reason: approval-needed`, ['decision', 'reason']],
  [`${member}, ask: { consume: [orders] }, expect: allow, rules: [r]`, ['rules']],
  [`${member}, ask: { consume: [orders] }, expect: allow, masks: { key: null }`, ['masks']],
  [
    `${member}, ask: { consume: [orders] }, expect: allow, masks: { key: remove, "header:x-user": token user }`,
    ['masks'],
  ],
  ['as: corp/a, groups: [part], ask: { consume: [orders] }, expect: allow, only: [a, key]', ['only']],
  ['as: corp/a, groups: [part], ask: { consume: [orders] }, expect: allow, only: everything', ['only']],
  [`${member}, ask: { consume: [orders] }, expect: allow, only: [key]`, ['only']],
  [`${member}, ask: { consume: [payments] }, expect: hold, approvals: []`, ['approvals']],
  [`${member}, ask: { consume: [orders] }, expect: allow, audit: standard`, ['audit']],
])('otherwise: %s', (text, failures) => {
  expect(run(text).flatMap((each) => each.failures.map((failure) => failure.split(':')[0]))).toEqual(failures)
})

test.each([
  ['cases: []', 'ERR_POLICY_EMPTY'],
  ['cases:\n  - { as: ada, ask: { consume: [x] }, expect: deny }', 'ERR_POLICY_NAME'],
  ['cases:\n  - { as: a/b, ask: {}, expect: deny }', 'ERR_POLICY_EMPTY'],
  ['cases:\n  - { as: a/b, ask: { consum: [x] }, expect: deny }', 'ERR_POLICY_UNKNOWN_KEY'],
  ['cases:\n  - { as: a/b, ask: { consume: ["x*"] }, expect: deny }', 'ERR_POLICY_PATTERN'],
  ['cases:\n  - { as: a/b, ask: { consume: [x] }, expect: denied }', 'ERR_POLICY_UNKNOWN_VALUE'],
  ['cases:\n  - { as: a/b, ask: { consume: [x] } }', 'ERR_POLICY_MISSING_KEY'],
  ['cases:\n  - { as: a/b, ask: { describe: [x] }, partition: 1, expect: deny }', 'ERR_POLICY_PARTITIONS'],
  ['cases:\n  - { as: a/b, ask: { consume: [x] }, expect: deny, masks: {} }', 'ERR_POLICY_UNSUPPORTED_KEY'],
  ['cases:\n  - { as: a/b, ask: { consume: [x] }, expect: deny, only: [a] }', 'ERR_POLICY_UNSUPPORTED_KEY'],
  ['cases:\n  - { as: a/b, ask: { consume: [x] }, expect: allow, only: ["anywhere:a"] }', 'ERR_POLICY_ONLY'],
  ['cases: &a []', 'ERR_POLICY_YAML_ALIAS'],
])('no cases: %s', (text, code) => {
  const result = parseCases({ path: 'cases.yaml', text })
  expect(result.ok ? [] : result.problems.map((problem) => problem.code)).toContain(code)
})

test('failures are told with their places and the reasons', () => {
  const results = run(
    'as: corp/ada, name: "<x> & \\"y\\"", ask: { consume: [orders] }, expect: allow',
    `${member}, ask: { as: [g-1] }, expect: allow`,
  )
  expect(describeCases(results)).toMatch(/^cases\.yaml:2:5: <x> & "y": .*\n {4}decision: expected allow, is deny\n/)
  expect(describeCases(results)).toContain('near misses:')
  expect(caseProblems(results)).toMatchObject([{ path: 'cases.yaml', line: 2, code: 'unexpected-decision' }])
  const junit = junitOf(results)
  expect(junit).toContain('<testsuites name="headgate policy test" tests="2" failures="1" errors="0">')
  expect(junit).toContain('name="&lt;x&gt; &amp; &quot;y&quot;: corp/ada')
})
