import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesGlob } from '../../glob.ts'
import { operationName } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import type { Decision } from '../../program/decision.ts'
import { evaluateNaively, type OracleAnswer, type OraclePolicy } from '../../program/naive-evaluator-fixture.ts'
import { plainObligations } from '../../program/protections-fixture.ts'
import {
  documentOf,
  guardedPolicy,
  guardedRequest,
  policy,
  principal,
  type RandomRequest,
  request,
} from '../../program/random-policies-fixture.ts'
import { momentsOf } from '../moments.ts'
import { diffPolicies } from './diff-policies.ts'
import type { AccessWitness } from './point.ts'
import { hiddenBy } from './strictness.ts'

const numRuns = Math.ceil(Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 2000) / 25)
const NOW = Date.parse('2026-11-24T12:00:00Z')
const timeout = Math.max(240_000, numRuns * 500)

/** What an answer gives, without reasons and rules, and without masks of what is not there at all. */
function accessOf({ effect, obligations }: Pick<OracleAnswer, 'effect' | 'obligations'>): object {
  const { mask } = obligations ?? {}
  const { only } = mask ?? {}
  if (mask === undefined || only === undefined) return { effect, obligations }
  const words = Object.fromEntries(Object.entries(mask.words).filter(([word]) => isShown(word, only)))
  return { effect, obligations: { ...obligations, mask: { ...mask, words } } }
}

function isShown(word: string, only: readonly string[]): boolean {
  const fields = only.filter((each) => each !== 'key' && !each.startsWith('header:'))
  if (word === 'key' || word.startsWith('header:')) return only.includes(word)
  if (word.startsWith('anywhere:')) return fields.length > 0
  if (word.startsWith('detect:')) return only.some((each) => each !== 'key')
  const names = word.split('/')
  return fields.some((field) =>
    field.split('/').every((name, index) => {
      const other = names[index] ?? '*'
      return name === other || name === '*' || other === '*'
    }),
  )
}

function plainAccess({ effect, obligations }: Decision): object {
  return accessOf({ effect, ...(obligations === undefined ? {} : { obligations: plainObligations(obligations) }) })
}

function ask(
  written: OraclePolicy,
  who: Principal,
  { type, operation, name, partition }: RandomRequest,
  atUnixMs?: number,
): object {
  const asked = { type, operation: operationName(operation), name, ...(partition < 0 ? {} : { partition }) }
  return accessOf(evaluateNaively(written, who, asked, atUnixMs))
}

const isEqual = (a: object | undefined, b: object | undefined): boolean => isDeepStrictEqual(a, b)

/** What the oracle does not look at: a field that is shown is shown with what keys at any depth would hide in it. */
function showsOtherFields(before: Decision, after: Decision): boolean {
  const [was, is] = [before, after].map(({ obligations }) =>
    obligations?.mask === undefined ? [] : hiddenBy(obligations.mask).shown,
  )
  return !isDeepStrictEqual(was, is)
}

function standsFor(
  witness: AccessWitness,
  who: Principal,
  asked: RandomRequest,
  selectors: readonly string[],
): boolean {
  const { issuer, subject } = witness.principal
  const isInRun =
    witness.partition === asked.partition ||
    (witness.partition >= 0 &&
      witness.partition <= asked.partition &&
      asked.partition <= (witness.lastPartition ?? Infinity)) ||
    (witness.partition < 0 && !witness.tellsPartitionsApart)
  const matched = selectors.filter((selector) => matchesGlob(selector, asked.name)).sort()
  return (
    witness.resourceType === asked.type &&
    witness.operation === asked.operation &&
    isInRun &&
    isEqual(matched, [...witness.matches].sort()) &&
    ['any-issuer', who.issuer].includes(issuer) &&
    ['anyone', who.subject].includes(subject)
  )
}

function expectExact(
  old: OraclePolicy,
  changed: OraclePolicy,
  who: Principal,
  requests: readonly RandomRequest[],
): void {
  const [was, is] = [documentOf(old), documentOf(changed)]
  const changes = diffPolicies(was.document, is.document)
  for (const { resourceType: type, operation, before, after, witnesses } of changes) {
    for (const { principal: asker, name, partition, matches } of witnesses) {
      const answers = [was, is].map(({ source }) => ask(source, asker, { type, operation, name, partition }))
      expect(answers).toEqual([plainAccess(before), plainAccess(after)])
      expect(isEqual(answers[0], answers[1])).toBe(showsOtherFields(before, after) && isEqual(answers[0], answers[1]))
      expect(matches.every((selector) => matchesGlob(selector, name))).toBe(true)
    }
  }
  for (const asked of requests) {
    const answers = [ask(was.source, who, asked), ask(is.source, who, asked)] as const
    if (isEqual(answers[0], answers[1])) continue
    const selectors = selectorsOf([was.document, is.document], asked.type)
    const covering = changes.filter(
      ({ before, after }) => isEqual(plainAccess(before), answers[0]) && isEqual(plainAccess(after), answers[1]),
    )
    expect(covering.some(({ witnesses }) => witnesses.some((each) => standsFor(each, who, asked, selectors)))).toBe(
      true,
    )
  }
}

function selectorsOf(documents: readonly ReturnType<typeof documentOf>['document'][], type: string): readonly string[] {
  const named = documents.flatMap(({ rules, topics }) => [
    ...rules.flatMap(({ effect, when, scopes }) =>
      // Nothing is known of schedules here, so that grants with one do not count.
      effect === 'allow' && when !== undefined
        ? []
        : scopes.flatMap(({ resourceType, names }) => (resourceType === type ? names : [])),
    ),
    ...(type === 'topic' ? topics.flatMap(({ match }) => match) : []),
  ])
  const all = type === 'topic' ? [...named.filter((name) => !name.startsWith('label:')), '__*'] : named
  return [...new Set(all)]
}

const nameIsPossible = ({ type, name }: RandomRequest): boolean =>
  name !== '' && (type !== 'topic' || /^[\w.-]+$/.test(name))

/** A policy and what becomes of it when a few of its rules and entries give way to those of another. */
function pairs(from: fc.Arbitrary<OraclePolicy>): fc.Arbitrary<readonly [OraclePolicy, OraclePolicy]> {
  return fc.tuple(from, from, fc.nat(3), fc.boolean(), fc.boolean()).map(([old, other, kept, alsoTopics, whole]) => {
    if (whole) return [old, other]
    const rules = [...old.rules.slice(0, kept), ...other.rules.slice(kept)]
    // Labels that rules name have to be there.
    return [old, { topics: alsoTopics ? other.topics : old.topics, rules }]
  })
}

test('whenever the naive evaluator decides otherwise a change covers it, and every witness differs [policy-diff-exact]', {
  timeout,
}, () => {
  const requests = fc.array(request.filter(nameIsPossible), { minLength: 24, maxLength: 24 })
  fc.assert(
    fc.property(pairs(policy), principal, requests, ([old, changed], who, asked) =>
      expectExact(old, changed, who, asked),
    ),
    { numRuns },
  )
})

/** Each instant is a diff of its own. */
const small = policy.map(({ topics, rules }) => ({ topics: topics.slice(-1), rules: rules.slice(0, 3) }))

test('a witness without an instant is decided otherwise at every instant, one with an instant is not', {
  timeout,
}, () => {
  let timeless = 0
  fc.assert(
    fc.property(pairs(small), ([old, changed]) => {
      const [was, is] = [documentOf(old), documentOf(changed)]
      const moments = momentsOf([was.document, is.document], NOW)
      fc.pre(moments.length > 1)
      for (const { operation, before, after, resourceType: type, witnesses } of diffPolicies(
        was.document,
        is.document,
        NOW,
      )) {
        for (const { principal: asker, name, partition, atUnixMs } of witnesses) {
          const asked = { type, operation, name, partition }
          const isThere = (at: number | undefined): boolean =>
            isEqual(ask(was.source, asker, asked, at), plainAccess(before)) &&
            isEqual(ask(is.source, asker, asked, at), plainAccess(after))
          // Fields that are shown are no part of what the oracle answers.
          const isBlind = showsOtherFields(before, after)
          if (atUnixMs === undefined) timeless += 1
          if (atUnixMs === undefined) expect(moments.every(isThere)).toBe(true)
          else {
            expect(isThere(atUnixMs)).toBe(true)
            if (!isBlind) expect(moments.every(isThere)).toBe(false)
          }
        }
      }
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  )
  expect(timeless).toBeGreaterThan(0)
})

test('likewise under protections', { timeout }, () => {
  const requests = fc.array(guardedRequest, { minLength: 24, maxLength: 24 })
  fc.assert(
    fc.property(pairs(guardedPolicy), principal, requests, ([old, changed], who, asked) =>
      expectExact(old, changed, who, asked),
    ),
    { numRuns },
  )
})
