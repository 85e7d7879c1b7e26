import { expect, test } from 'vitest'
import { parsePolicy } from '../../document/parse-policy.ts'
import { Operation } from '../../operation.ts'
import { requestOf } from '../request-words.ts'
import { type Explanation, explainDecision } from './explain-decision.ts'
import { describeExplanation } from './explain-words.ts'

const POLICY = `topics:
  - { match: ["pay*"], labels: [money], audit: required, approval: { by: [leads], for: 1h } }
rules:
  - { id: readers, who: { issuers: [corp], groups: [readers] }, may: { consume: [orders] } }
  - { id: some, who: everyone, may: { consume: [parts], partitions: [0-2] } }
  - { id: writers, who: everyone, may: { produce: [logs] } }
  - { id: money, who: { groups: [money] }, may: { consume: ["label:money"] } }
  - { id: all, who: { subjects: [root] }, may: { consume: ["*"] } }
  - { id: some-fields, who: { groups: [readers] }, may: { consume: [forms], only: [id, "header:h"] } }
  - { id: no-interns, who: { groups: [interns] }, never: { consume: [orders] } }
`

function explain(verb: string, name: string, groups: readonly string[] | undefined, partition?: number): Explanation {
  const result = parsePolicy({ path: 'policy.yaml', text: POLICY }, () => '')
  if (!result.ok) throw new Error('unsound')
  const as = name.startsWith('__') ? 'corp/root' : 'corp/ada'
  const { principal, request } = requestOf({ as, groups, verb, name, partition })
  return explainDecision(result.document, principal, request)
}

const missesOf = ({ nearMisses }: Explanation): string[] =>
  nearMisses.map(({ ruleId, failed }) => `${ruleId} ${failed}`)

test('the rules that matched, with their places', () => {
  const { decision, rules } = explain('consume', 'orders', ['readers', 'interns'])
  expect(decision.effect).toBe('deny')
  expect(rules.map(({ ruleId, effect, source }) => [ruleId, effect, source.line])).toEqual([
    ['readers', 'allow', 4],
    ['no-interns', 'deny', 10],
  ])
})

test('near misses tell their first failed condition', () => {
  expect(missesOf(explain('consume', 'orders', []))).toEqual(['readers who', 'all who', 'no-interns who', 'some name'])
  expect(missesOf(explain('consume', 'parts', [], 7))).toEqual(['all who', 'some partition'].sort())
  expect(missesOf(explain('consume', 'logs', []))).toContain('writers operation')
  expect(missesOf(explain('consume', '__offsets', []))).toContain('all internal-topic')
})

test('what a rule shows in part is told, of those that matched and of near misses', () => {
  const shown = explain('consume', 'forms', ['readers'])
  expect(shown.rules).toMatchObject([{ ruleId: 'some-fields', only: ['id', 'header:h'] }])
  expect(describeExplanation(shown)).toMatch(
    /^corp\/ada, of `readers`: allowed, only `id`, `header:h`, read as opaque, else withheld\n/,
  )
  expect(describeExplanation(shown)).toContain('`some-fields` grants it, only `id`, `header:h`\n')
  expect(describeExplanation(explain('consume', 'forms', []))).toContain(
    '`some-fields` would grant it, only `id`, `header:h`, but `groups` wants `readers`',
  )
  expect(explain('describe', 'forms', ['readers']).rules).toEqual([
    expect.not.objectContaining({ only: expect.anything() }),
  ])
})

test('what is unknown is said to be', () => {
  const { rules, nearMisses } = explain('consume', 'orders', undefined)
  expect(rules).toMatchObject([{ ruleId: 'no-interns', isUncertain: true }])
  expect(nearMisses.find(({ ruleId }) => ruleId === 'readers')?.because).toContain('not known')
})

test('protections of the direction that is asked for', () => {
  const { decision, protections } = explain('consume', 'payments', ['money'])
  expect(decision.effect).toBe('hold')
  expect(protections.map(({ asks }) => asks.length)).toEqual([2])
  expect(explain('describe', 'payments', ['money']).protections).toEqual([])
})

test.each([
  ['consume', 'orders', [], undefined],
  ['consume', 'parts', [], 7],
  ['produce', 'orders', undefined, undefined],
  ['consume', '__offsets', [], undefined],
  ['as', 'a group ü', [], undefined],
  ['transact-as', 'true', [], undefined],
  ['cluster', 'read-audit', [], undefined],
] as const)('the smallest grant for %s %s does', (verb, name, groups, partition) => {
  const { smallestGrant = '' } = explain(verb, name, groups, partition)
  const result = parsePolicy(
    { path: 'policy.yaml', text: `${POLICY}${smallestGrant.replace(/^/gm, '  ')}\n` },
    () => '',
  )
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const as = name.startsWith('__') ? 'corp/root' : 'corp/ada'
  const { principal, request } = requestOf({ as, groups, verb, name, partition })
  expect(explainDecision(result.document, principal, request).decision.effect).toBe('allow')
})

test('there is none where a rule forbids it, or nothing is denied', () => {
  expect(explain('consume', 'orders', ['interns']).smallestGrant).toBeUndefined()
  expect(explain('produce', 'logs', []).smallestGrant).toBeUndefined()
})

test('there is none for a name that no policy can hold', () => {
  for (const name of ['no topic', 'a*', '.', 'x\u202ey'])
    expect(explain('produce', name, []).smallestGrant).toBeUndefined()
  expect(explain('as', 'x\u202ey', []).smallestGrant).toBeUndefined()
})

test.each([
  ['ada', 'consume', 'x', undefined],
  ['corp/', 'consume', 'x', undefined],
  ['corp/a', 'consum', 'x', undefined],
  ['corp/a', 'cluster', 'x', undefined],
  ['corp/a', 'describe', 'x', 1],
  ['corp/a', 'consume', 'x', 1.5],
])('as %s %s %s: no request', (as, verb, name, partition) => {
  const ask = (): unknown => requestOf({ as, groups: [], verb, name, partition })
  expect(ask).toThrow(expect.objectContaining({ code: 'ERR_POLICY_REQUEST_WORDS' }))
})

test('a subject may have slashes', () => {
  const { principal, request } = requestOf({ as: 'corp/a/b', groups: [], verb: 'as', name: 'g' })
  expect([principal.subject, request.operation]).toEqual(['a/b', Operation.Read])
})
