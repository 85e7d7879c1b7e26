import { expect, test } from 'vitest'
import type { PolicyDocument } from '../document/document.ts'
import { parsePolicy } from '../document/parse-policy.ts'
import { Operation } from '../operation.ts'
import { diffPolicies } from './diff/diff-policies.ts'
import { describeChanges } from './diff/diff-words.ts'
import type { AccessWitness } from './diff/point.ts'
import { explainDecision } from './explain/explain-decision.ts'
import { idleRules } from './explain/idle-rules.ts'
import { lintPolicy } from './lint/lint-policy.ts'
import { momentsOf } from './moments.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')

function documentOf(...rules: string[]): PolicyDocument {
  const result = parsePolicy(
    { path: 'policy.yaml', text: `rules:\n${rules.map((each) => `  - ${each}\n`).join('')}` },
    () => '',
  )
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.document
}

const office = '{ days: [mon-fri], between: ["08:00-18:00"], in: Europe/Berlin }'
const reads = (id: string, when: string): string =>
  `{ id: ${id}, who: { groups: [g] }, when: ${when}, may: { consume: [t] } }`

test('one instant for each combination that comes about, and none for those that do not', () => {
  const day = documentOf(reads('a', office))
  expect(momentsOf([documentOf('{ id: a, who: everyone, may: { consume: [t] } }')], NOW)).toEqual([undefined])
  expect(momentsOf([day], NOW)).toHaveLength(2)
  const inside = documentOf(reads('b', '{ days: [tue], between: ["09:00-10:00"], in: Europe/Berlin }'))
  expect(momentsOf([day, inside], NOW)).toHaveLength(3)
})

test('an instant that lies years ahead is found', () => {
  const later = documentOf(reads('a', '{ from: "2031-01-01T00:00:00Z", until: "2031-01-02T00:00:00Z" }'))
  expect(momentsOf([later], NOW)).toContain(Date.parse('2031-01-01T00:00:00Z'))
})

test('diff: a longer window is new access, with an instant at which it is', () => {
  const before = documentOf(reads('a', office))
  const after = documentOf(reads('a', office.replace('18:00', '19:00')))
  const changes = diffPolicies(before, after, NOW)
  expect(changes.map(({ operation, isNewAccess }) => [operation, isNewAccess])).toEqual([
    [Operation.Read, true],
    [Operation.Describe, true],
  ])
  const at = changes[0]?.witnesses[0]?.atUnixMs ?? 0
  expect(new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' })).toBe('18:00:00')
  expect(describeChanges(changes, [], { before, after })).toContain(`at ${new Date(at).toISOString()}`)
  expect(diffPolicies(after, before, NOW).every(({ isNewAccess }) => !isNewAccess)).toBe(true)
  expect(diffPolicies(before, before, NOW)).toEqual([])
})

test('diff: the same windows in two zones differ for part of the year only', () => {
  const [london, utc] = ['Europe/London', 'UTC'].map((zone) =>
    documentOf(reads('a', `{ between: ["08:00-18:00"], in: ${zone} }`)),
  )
  if (london === undefined || utc === undefined) throw new Error('two')
  const changes = diffPolicies(london, utc, NOW)
  expect(changes.some(({ isNewAccess }) => isNewAccess)).toBe(true)
  expect(changes.some(({ isNewAccess }) => !isNewAccess)).toBe(true)
  // Not in winter.
  for (const { witnesses } of changes)
    for (const { atUnixMs = 0 } of witnesses)
      expect(new Date(atUnixMs).toISOString().slice(0, 10) > '2027-03-27').toBe(true)
})

test('diff: a change that is there at every time is told without an instant, with the rules of each time', () => {
  const always = '{ id: always, who: { groups: [h] }, may: { as: [u] } }'
  const [day, night] = ['08:00-18:00', '18:00-08:00'].map((hours) => `{ between: ["${hours}"], in: UTC }`)
  const before = documentOf(reads('day', day ?? ''), reads('night', night ?? ''), always)
  const told = (after: PolicyDocument): unknown[] =>
    diffPolicies(before, after, NOW).flatMap(({ operation, witnesses }) =>
      witnesses
        .filter(() => operation === Operation.Read)
        .map(({ name, atUnixMs, before: was }) => [name, atUnixMs === undefined, was.ruleIds]),
    )
  expect(told(documentOf(reads('day', day ?? '')))).toEqual([
    ['u', true, ['always']],
    ['t', false, ['night']],
  ])
  expect(told(documentOf(always))).toEqual([['t', true, ['day', 'night']]])
})

test('diff: a denial for some of the time changes what is told of, not whether something is lost', () => {
  const may = '{ id: may, who: { groups: [g] }, may: { produce: [t] } }'
  const never = `{ id: never, who: everyone, when: ${office}, never: { produce: ["t*"] } }`
  const writes = (before: PolicyDocument, after: PolicyDocument): readonly AccessWitness[] =>
    diffPolicies(before, after, NOW).flatMap(({ operation, witnesses }) =>
      operation === Operation.Write ? witnesses : [],
    )
  // By day it was denied before.
  expect(writes(documentOf(may, never), documentOf(never)).map(({ atUnixMs }) => typeof atUnixMs)).toEqual(['number'])
  const lost = writes(documentOf(may), documentOf(never))
  expect(lost.map(({ atUnixMs, after }) => [atUnixMs, after.reason, after.ruleIds])).toEqual([
    [undefined, 'denied-by-rule', ['never']],
  ])
})

test('explain: a rule that does not apply now is a near miss that tells when it does', () => {
  const request = { resourceType: 'topic', operation: Operation.Read, name: 't' } as const
  const principal = { issuer: 'corp', subject: 'ada', groups: ['g'] }
  const document = documentOf(reads('a', office))
  const [noon, night] = ['2026-11-24T11:00:00Z', '2026-11-24T23:00:00Z'].map((at) =>
    explainDecision(document, principal, request, Date.parse(at)),
  )
  expect(noon?.decision.effect).toBe('allow')
  expect(night?.decision.effect).toBe('deny')
  expect(night?.nearMisses.map(({ failed, because }) => [failed, because])).toEqual([
    ['when', '`when` wants mon, tue, wed, thu, fri 08:00-18:00 in Europe/Berlin, and it is 2026-11-24T23:00:00.000Z'],
  ])
})

test('idle rules: those that are for none of some principals, and those that do not apply now', () => {
  const document = documentOf(
    reads('office', office),
    '{ id: people, who: { kinds: [human] }, may: { consume: [t] } }',
    '{ id: other, who: { issuers: [partner], groups: [g] }, may: { consume: [t] } }',
    '{ id: h, who: { groups: [h] }, may: { consume: [t] } }',
    `{ id: never, who: { groups: [h] }, when: ${office}, never: { consume: [u] } }`,
    '{ id: over, who: everyone, when: { until: "2026-01-01T00:00:00Z" }, may: { consume: [t] } }',
  )
  const principals = [{ issuer: 'corp', subject: 'shop', groups: ['g'], kind: 'service' as const }]
  const idle = (at: string): string[] =>
    idleRules(document, principals, Date.parse(at)).map(
      ({ ruleId, failed, because }) => `${ruleId} ${failed} ${because}`,
    )
  const unmet = [
    'people who it is for kinds `human`',
    'other who it is for issuers `partner`',
    'h who it is for others',
  ]
  const over = 'over when `when` wants until 2026-01-01T00:00:00.000Z'
  const next = 'mon, tue, wed, thu, fri 08:00-18:00 in Europe/Berlin; next at 2026-11-25T07:00:00.000Z'
  expect(idle('2026-11-24T12:00:00Z')).toEqual([...unmet, over])
  expect(idle('2026-11-24T20:00:00Z')).toEqual([
    `office when \`when\` wants ${next}`,
    ...unmet,
    `never when \`when\` wants ${next}`,
    over,
  ])
})

test('lint: a rule that has ended, and one that denials leave alone at some time', () => {
  const ended = documentOf(reads('a', '{ until: "2026-01-01T00:00:00Z" }'))
  expect(lintPolicy(ended, NOW).map(({ code }) => code)).toContain('impossible-condition')
  const never = `{ id: n, who: everyone, when: ${office}, never: { consume: [t] } }`
  const always = '{ id: a, who: { groups: [g] }, may: { consume: [t] } }'
  const codes = (document: PolicyDocument): string[] => lintPolicy(document, NOW).map(({ code }) => code)
  expect(codes(documentOf(always, never))).not.toContain('unreachable-rule')
  expect(codes(documentOf(reads('a', office), never))).toContain('unreachable-rule')
})
