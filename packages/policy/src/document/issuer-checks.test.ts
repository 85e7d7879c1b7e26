import { describe, expect, test } from 'vitest'
import { findAmbiguousNames, findUnknownIssuers, type PolicyIssuer } from './issuer-checks.ts'
import { parse } from './parse-fixture.ts'
import { formatSourceProblem, type SourceProblem } from './problem.ts'

const issuer = (name: string, groups: readonly string[], claims: readonly string[] = []): PolicyIssuer => ({
  name,
  claims,
  mayAssert: (group) => groups.includes(group),
})
const CORP = issuer('corp', ['leads', 'both'], ['department', 'level'])
const PARTNER = issuer('partner', ['both', 'guests'], ['level'])
const MESH = issuer('mesh', [])

type Finder = typeof findAmbiguousNames

function found(text: string, find: Finder = findAmbiguousNames, issuers = [CORP, PARTNER, MESH]): SourceProblem[] {
  const result = parse(text)
  if (!result.ok) throw new Error(result.problems.map(formatSourceProblem).join('\n'))
  return find(result.document, issuers)
}

const rule = (who: string): string => `rules:\n  - { id: a, who: ${who}, may: { consume: [orders] } }\n`

describe('T4: with several issuers, a name says whose it is', () => {
  test.each([
    ['a subject', '{ subjects: [ledger] }'],
    ['a group that two may assert', '{ groups: [both] }'],
    ['a claim that two are asked for', '{ claims: { level: [high] } }'],
    ['a subject that is left out', '{ not: { subjects: [ledger] } }'],
    ['a subject left out of a group of one', '{ groups: [leads], not: { subjects: [ledger] } }'],
    ['one of many', '{ groups: [leads, both] }'],
  ])('T4: %s is ambiguous', (_name, who) => {
    const [problem, ...others] = found(rule(who))
    expect(others).toEqual([])
    expect(problem).toMatchObject({ path: 'conf/policy.yaml', line: 2, column: 5, code: 'ERR_POLICY_ISSUER' })
  })

  test.each([
    ['a subject of one', '{ issuers: [corp], subjects: [ledger] }'],
    ['a group that one may assert', '{ groups: [leads, guests] }'],
    ['a group that nobody may assert', '{ groups: [nobody] }'],
    ['a claim that one is asked for', '{ claims: { department: [risk] } }'],
    ['a kind', '{ kinds: [service] }'],
    ['everyone', 'everyone'],
    ['what is left out of an issuer', '{ issuers: [corp], not: { subjects: [ledger] } }'],
    ['what says its issuer where it is left out', '{ not: { issuers: [corp], subjects: [ledger] } }'],
    ['a subject of several that are named', '{ issuers: [corp, partner], subjects: [ledger] }'],
  ])('T4: %s is not', (_name, who) => {
    expect(found(rule(who))).toEqual([])
  })

  test('T4: with one issuer nothing is ambiguous', () => {
    expect(found(rule('{ subjects: [ledger], groups: [both] }'), findAmbiguousNames, [CORP])).toEqual([])
  })

  test('T4: so do approvers, owners and their people, each at its place', () => {
    const text = `topics:
  - { match: [a], approval: { by: [both], for: 1h } }
  - { match: [b], approval: { by: [leads], for: 1h } }
  - { match: [c], approval: { by: [both], issuers: [corp], for: 1h } }
owners:
  - { of: { subjects: [job] }, people: [ada], issuers: [corp] }
  - { of: { issuers: [mesh], subjects: [job] }, people: [ada] }
  - { of: { issuers: [mesh], subjects: [job] }, people: [ada], issuers: [corp] }
rules: []`
    expect(found(text).map(({ line, message }) => [line, message])).toEqual([
      [6, 'subject `job` can be of `corp`, `partner`, `mesh`'],
      [7, 'subject `ada` can be of `corp`, `partner`, `mesh`'],
      [2, 'group `both` can be of `corp`, `partner`'],
    ])
  })
})

test('an issuer that the gateway does not have is told, wherever it is named', () => {
  const text = `topics:
  - { match: [a], approval: { by: [leads], issuers: [crop], for: 1h } }
owners:
  - { of: { issuers: [crop], subjects: [job] }, people: [ada], issuers: [corp, crop] }
rules:
  - { id: a, who: { issuers: [corp], not: { issuers: [crop], subjects: [x] } }, may: { consume: [orders] } }`
  expect(found(text, findUnknownIssuers).map(({ line, code }) => [line, code])).toEqual([
    [6, 'ERR_POLICY_ISSUER'],
    [4, 'ERR_POLICY_ISSUER'],
    [4, 'ERR_POLICY_ISSUER'],
    [2, 'ERR_POLICY_ISSUER'],
  ])
})
