import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bundleClaimsSchema } from '../bundle/bundle-claims.ts'
import { claimsOf } from '../bundle/bundle-fixture.ts'
import { assertCanaries, createCanaries } from '../bundle/canaries.ts'
import { parsePolicy } from '../document/parse-policy.ts'
import { clusterVerbs, verbs } from '../document/verbs.ts'
import {
  CLUSTER_NAME,
  kafkaOperations,
  Operation,
  operationName,
  operations,
  type ResourceType,
  resourceTypes,
} from '../operation.ts'
import { ALL_PARTITIONS, allowedOperations, canOnAny, decide } from './decide.ts'
import { evaluateNaively, type OraclePolicy, type OracleRule } from './naive-evaluator-fixture.ts'
import { compileProgram, type Program } from './program.ts'
import { plainObligations, protections } from './protections-fixture.ts'
import { residualFor } from './residual.ts'

const numRuns = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 2000)
const numGuardedRuns = Math.ceil(numRuns / 2)
const timeout = Math.max(60_000, numRuns * 10)

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
    'without-approval': fc.boolean(),
  },
  { requiredKeys: [] },
)
const grant = fc.tuple(access(topicSelector), rights).map(([verbsOf, { unmask, ...free }]) => ({
  ...verbsOf,
  ...('consume' in verbsOf && unmask !== undefined ? { unmask } : {}),
  ...('consume' in verbsOf || 'produce' in verbsOf ? free : {}),
}))
const ruleBody = fc.oneof(
  fc.record({ who, may: grant }),
  fc.record({ who, may: grant }),
  fc.record({ who, never: access(deniedSelector) }),
)
const policy: fc.Arbitrary<OraclePolicy> = fc.record({
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
const guardedPolicy: fc.Arbitrary<OraclePolicy> = fc.record({
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
const guardedRequest = fc.record({
  type: fc.constant('topic' as const),
  operation: fc.constantFrom(Operation.Read, Operation.Read, Operation.Write, Operation.Replay),
  name: fc.constantFrom(...guardedNames),
  partition: fc.constantFrom(ALL_PARTITIONS, 0, 1, 2, 3),
})
const principal = fc.record({
  issuer: fc.constantFrom('corp', 'partner'),
  subject: fc.constantFrom('ada', 'bob', 'eve'),
  groups: fc.option(fc.subarray(['g1', 'g2']), { nil: undefined }),
})
const request = fc.record({
  type: fc.constantFrom(...resourceTypes),
  operation: fc.constantFrom(...operations),
  name: fc.oneof(literal, fc.constantFrom('group ü', 'zz', '')),
  partition: fc.constantFrom(ALL_PARTITIONS, 0, 1, 2, 3, 99),
})

interface Compiled {
  /** The policy without the rights that lift nothing, which are refused. */
  readonly source: OraclePolicy
  readonly program: Program
}

function compile(written: OraclePolicy, who: Parameters<typeof residualFor>[1]): Compiled {
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
    return compile({ ...written, rules }, who)
  }
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  // Through JSON and back, as a bundle carries it.
  const program = compileProgram(residualFor(result.document, who))
  expect(compileProgram(JSON.parse(JSON.stringify(program.residual))).digest).toBe(program.digest)
  return { source: written, program }
}

function withoutUnmask({ may, ...rule }: OracleRule): OracleRule {
  const { unmask: _unmask, ...left } = may ?? {}
  return { ...rule, may: left }
}

function expectAgreement(
  written: OraclePolicy,
  who: Parameters<typeof residualFor>[1],
  requests: readonly { type: ResourceType; operation: Operation; name: string; partition: number }[],
): void {
  const { source, program } = compile(written, who)
  for (const { type, operation, name, partition } of requests) {
    const asked = { type, operation: operationName(operation), name, ...(partition < 0 ? {} : { partition }) }
    const { effect, reason, ruleIds, obligations } = decide(program, type, operation, name, partition)
    const plain = obligations === undefined ? {} : { obligations: plainObligations(obligations) }
    expect({ effect, reason, ruleIds, ...plain }).toEqual(evaluateNaively(source, who, asked))
    if (effect !== 'deny') expect(canOnAny(program, type, operation)).toBe(true)
  }
}

test(`P8: the compiled program and the naive evaluator agree on ${numRuns} random policies`, { timeout }, () => {
  fc.assert(fc.property(policy, principal, fc.array(request, { minLength: 12, maxLength: 12 }), expectAgreement), {
    numRuns,
  })
})

test(`P8: they agree on ${numGuardedRuns} random policies whose records are under protections`, { timeout }, () => {
  fc.assert(
    fc.property(guardedPolicy, principal, fc.array(guardedRequest, { minLength: 8, maxLength: 8 }), expectAgreement),
    { numRuns: numGuardedRuns },
  )
})

test('neither the order of rules and entries nor a repetition changes a program', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, (written, who) => {
      const { source, program } = compile(written, who)
      // Two entries with an approval are two approvals, and have two ids.
      const again = source.topics.filter(({ approval }) => approval === undefined)
      const turned = { topics: [...source.topics, ...again].reverse(), rules: [...source.rules].reverse() }
      expect(compile(turned, who).program.digest).toBe(program.digest)
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})

test('every residual can be carried by a bundle, whose canaries hold', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, (written, who) => {
      const { program } = compile(written, who)
      const canaries = createCanaries(program)
      const claims = claimsOf({ residual: program.residual, programDigest: program.digest, canaries })
      expect(bundleClaimsSchema.safeParse(JSON.parse(JSON.stringify(claims)))).toMatchObject({ success: true })
      assertCanaries(compileProgram(JSON.parse(JSON.stringify(program.residual))), canaries)
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})

test('allowedOperations has the bit of an operation exactly where decide allows it on the whole', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, request, (written, who, { type, name }) => {
      const { program } = compile(written, who)
      const allowed = kafkaOperations.filter((each) => decide(program, type, each, name).effect === 'allow')
      expect(allowedOperations(program, type, name)).toBe(allowed.reduce((bits, each) => bits | (1 << each), 0))
      expect(decide(program, type, Operation.ClusterAction, name).effect).toBe('deny')
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})
