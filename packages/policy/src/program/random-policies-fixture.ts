// Test-only. Random policies, principals and requests, for what must agree with the naive evaluator.
import fc from 'fast-check'
import type { PolicyDocument } from '../document/document.ts'
import { parsePolicy } from '../document/parse-policy.ts'
import { clusterVerbs, verbs } from '../document/verbs.ts'
import { CLUSTER_NAME, Operation, operations, type ResourceType, resourceTypes } from '../operation.ts'
import type { Principal } from '../principal.ts'
import { ALL_PARTITIONS } from './decide.ts'
import type { OraclePolicy, OracleRule, OracleSchedule } from './naive-evaluator-fixture.ts'
import { oracleKept } from './naive-obligations-fixture.ts'
import { protections } from './protections-fixture.ts'

/** A request as the evaluator takes it. */
export interface RandomRequest {
  readonly type: ResourceType
  readonly operation: Operation
  readonly name: string
  readonly partition: number
}

/** A random policy that was read. */
export interface RandomDocument {
  /** The policy without the rights that lift nothing, which are refused. */
  readonly source: OraclePolicy
  readonly document: PolicyDocument
}

const topicNames = ['a', 'ab', 'a.b', 'b', 'eu.a', 'eu.ab', '__a', '__eu', '_a', CLUSTER_NAME]
const literal = fc.constantFrom(...topicNames)
const glob = fc.constantFrom('*', 'a*', '*a', '*b', 'eu.*', '*.*', 'a*b', '*a*', '_*', 'eu.*b', 'e*.*a*', 'a*a')
const label = fc.constantFrom('label:one', 'label:two')
const topicSelector = fc.oneof(literal, glob, label)
const deniedSelector = fc.oneof(topicSelector, fc.constantFrom('__*', '__*a'))
const opaqueSelector = fc.oneof(literal, glob, fc.constantFrom('label:one', 'group ü'))
const few = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 1, maxLength: 3 })

const match = fc.record(
  {
    issuers: few(fc.constantFrom('corp', 'partner')),
    subjects: few(fc.constantFrom('ada', 'bob')),
    groups: few(fc.constantFrom('g1', 'g2')),
    kinds: few(fc.constantFrom('service', 'human')),
    claims: fc
      .record({ dept: few(fc.constantFrom('d1', 'd2')), level: few(fc.constantFrom('l1')) }, { requiredKeys: [] })
      .filter((claims) => Object.keys(claims).length > 0),
  },
  { requiredKeys: [] },
)
const isFilled = (value: object): boolean => Object.keys(value).length > 0
const who = fc.oneof(
  fc.constant('everyone' as const),
  fc
    .record({ match, not: fc.option(match.filter(isFilled), { nil: undefined }) })
    .map((parts) => ({
      ...parts.match,
      ...(parts.not === undefined ? {} : { not: parts.not }),
    }))
    .filter(isFilled),
)

const when = fc.option(
  fc.constantFrom<OracleSchedule>(
    { until: '2026-11-24T12:00:00Z' },
    { from: '2026-11-24T12:00:00Z', until: '2026-11-24T13:00:00Z' },
    { days: ['mon-wed'], in: 'UTC' },
    { days: ['fri'], between: ['23:00-01:00', '12:00-12:30'], in: 'UTC' },
  ),
  { freq: 4, nil: undefined },
)

function access(selector: fc.Arbitrary<string>): fc.Arbitrary<Record<string, (string | number)[]>> {
  const members = [...verbs].map(([name, { resourceType }]) => [
    name,
    few(resourceType === 'topic' ? selector : opaqueSelector),
  ])
  return fc
    .record(
      {
        ...(Object.fromEntries(members) as Record<string, fc.Arbitrary<string[]>>),
        cluster: few(fc.constantFrom(...clusterVerbs.keys())),
        partitions: few(fc.constantFrom<(string | number)[]>(0, 1, '1-2', '3-2147483647', '0-1')),
      },
      { requiredKeys: [] },
    )
    .chain((all) =>
      fc
        .subarray(Object.keys(all), { minLength: 1 })
        .map((keys) => Object.fromEntries(keys.map((key) => [key, all[key as 'cluster'] as string[]]))),
    )
    .map((all) => ('consume' in all || 'produce' in all ? all : { ...all, partitions: undefined }))
    .map(
      (all) =>
        Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, string[]>,
    )
    .filter(isFilled)
}

const rights = fc.record(
  {
    unmask: few(fc.constantFrom('a', 'b', 'b/c', 'anywhere:k1', 'detect:email', 'header:h1', 'key')),
    only: few(fc.constantFrom(...Object.keys(oracleKept))),
    'without-approval': fc.boolean(),
  },
  { requiredKeys: [] },
)
const grant = fc.tuple(access(topicSelector), rights).map(([verbsOf, { unmask, only, ...free }]) => ({
  ...verbsOf,
  ...('consume' in verbsOf && unmask !== undefined ? { unmask } : {}),
  ...(('consume' in verbsOf || 'replay' in verbsOf) && only !== undefined ? { only } : {}),
  ...('consume' in verbsOf || 'produce' in verbsOf ? free : {}),
}))
const ruleBody = fc
  .tuple(
    when,
    fc.oneof(
      fc.record({ who, may: grant }),
      fc.record({ who, may: grant }),
      fc.record({ who, never: access(deniedSelector) }),
    ),
  )
  .map(([schedule, body]) => (schedule === undefined ? body : { ...body, when: schedule }))
/** Policies with everything that the language has. */
export const policy: fc.Arbitrary<OraclePolicy> = fc.record({
  topics: protections(fc.oneof(literal, glob, fc.constantFrom('__*'))).map((entries) => [
    ...entries,
    { match: ['unused'], labels: ['one', 'two'] },
  ]),
  rules: fc
    .array(ruleBody, { maxLength: 6 })
    .map((bodies) => bodies.map((body, index): OracleRule => ({ id: `r${index}`, ...body }))),
})

/** Policies in which most requests for records are granted, under protections. */
const guardedNames = ['a', 'ab', 'eu.a', '__a']
const guardedSelector = fc.constantFrom('*', 'a*', '*a', ...guardedNames)
const guardedTopic = fc.oneof(guardedSelector, label)
const wide = { who: fc.constant('everyone' as const) }
const guardedGrant = fc
  .record(
    {
      consume: few(guardedTopic),
      produce: few(guardedTopic),
      replay: few(guardedTopic),
      partitions: few(fc.constantFrom('0-1', '1-2')),
      r: rights,
    },
    { requiredKeys: ['consume', 'r'] },
  )
  .map(({ r, ...verbsOf }) => ({ ...verbsOf, ...r }))
export const guardedPolicy: fc.Arbitrary<OraclePolicy> = fc.record({
  topics: protections(fc.oneof(guardedSelector, fc.constantFrom('__*'))).map((entries) => [
    ...entries,
    { match: ['unused'], labels: ['one', 'two'] },
  ]),
  rules: fc
    .array(
      fc.oneof(
        { weight: 8, arbitrary: fc.record({ ...wide, may: guardedGrant }) },
        { weight: 1, arbitrary: fc.record({ ...wide, never: fc.record({ consume: few(literal) }) }) },
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((bodies) => bodies.map((body, index): OracleRule => ({ id: `r${index}`, ...body }))),
})
/** Requests for {@link guardedPolicy}. */
export const guardedRequest: fc.Arbitrary<RandomRequest> = fc.record({
  type: fc.constant('topic' as const),
  operation: fc.constantFrom(Operation.Read, Operation.Read, Operation.Write, Operation.Replay),
  name: fc.constantFrom(...guardedNames),
  partition: fc.constantFrom(ALL_PARTITIONS, 0, 1, 2, 3),
})
/** Principals that random policies may speak of, or not. */
export const principal: fc.Arbitrary<Principal> = fc.record(
  {
    issuer: fc.constantFrom('corp', 'partner'),
    subject: fc.constantFrom('ada', 'bob', 'eve'),
    groups: fc.option(fc.subarray(['g1', 'g2']), { nil: undefined }),
    kind: fc.constantFrom('service', 'human', 'agent'),
    claims: fc.record({ dept: fc.subarray(['d1', 'd2']), level: fc.subarray(['l1', 'l2']) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['issuer', 'subject', 'groups'] },
)
/** Instants around those at which rules of {@link policy} begin and end; without one, nothing is known of schedules. */
export const instant: fc.Arbitrary<number | undefined> = fc.oneof(
  fc.constant(undefined),
  fc
    .constantFrom(
      '2026-11-24T12:00:00Z',
      '2026-11-24T13:00:00Z',
      '2026-11-27T23:00:00Z',
      '2026-11-28T01:00:00Z',
      '2026-11-27T12:30:00Z',
    )
    .chain((text) => fc.constantFrom(Date.parse(text) - 1, Date.parse(text))),
)
/** Requests for {@link policy}. */
export const request: fc.Arbitrary<RandomRequest> = fc.record({
  type: fc.constantFrom(...resourceTypes),
  operation: fc.constantFrom(...operations),
  name: fc.oneof(literal, fc.constantFrom('group ü', 'zz', '')),
  partition: fc.constantFrom(ALL_PARTITIONS, 0, 1, 2, 3, 99),
})

/** Reads a random policy. */
export function documentOf(written: OraclePolicy): RandomDocument {
  const text = JSON.stringify(written)
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok && result.problems.every(({ code }) => code === 'ERR_POLICY_UNMASK')) {
    const ids = new Set(
      result.problems.map(({ column }) =>
        text
          .slice(0, column)
          .match(/"id":"r\d"/g)
          ?.at(-1),
      ),
    )
    const rules = written.rules.map((rule) => (ids.has(`"id":"${rule.id}"`) ? withoutUnmask(rule) : rule))
    return documentOf({ ...written, rules })
  }
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return { source: written, document: result.document }
}

function withoutUnmask({ may, ...rule }: OracleRule): OracleRule {
  const { unmask: _unmask, ...left } = may ?? {}
  return { ...rule, may: left }
}
