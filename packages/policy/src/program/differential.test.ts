import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePolicy } from '../document/parse-policy.ts'
import { clusterVerbs, verbs } from '../document/verbs.ts'
import { CLUSTER_NAME, kafkaOperations, Operation, operationName, operations, resourceTypes } from '../operation.ts'
import { ALL_PARTITIONS, allowedOperations, canOnAny, decide } from './decide.ts'
import { evaluateNaively, type OraclePolicy, type OracleRule } from './naive-evaluator-fixture.ts'
import { compileProgram, type Program } from './program.ts'
import { residualFor } from './residual.ts'

const numRuns = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 2000)
const timeout = Math.max(15_000, numRuns * 5)

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

const ruleBody = fc.oneof(
  fc.record({ who, may: access(topicSelector) }),
  fc.record({ who, may: access(topicSelector) }),
  fc.record({ who, never: access(deniedSelector) }),
)
const topics = fc.array(
  fc.record({ match: few(fc.oneof(literal, glob)), labels: few(fc.constantFrom('one', 'two')) }),
  { maxLength: 3 },
)
const policy: fc.Arbitrary<OraclePolicy> = fc.record({
  topics: topics.map((entries) => [...entries, { match: ['unused'], labels: ['one', 'two'] }]),
  rules: fc
    .array(ruleBody, { maxLength: 6 })
    .map((bodies) => bodies.map((body, index): OracleRule => ({ id: `r${index}`, ...body }))),
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

function compile(source: OraclePolicy, who: Parameters<typeof residualFor>[1]): Program {
  const result = parsePolicy({ path: 'policy.yaml', text: JSON.stringify(source) }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  // Through JSON and back, as a bundle carries it.
  const program = compileProgram(residualFor(result.document, who))
  expect(compileProgram(JSON.parse(JSON.stringify(program.residual))).digest).toBe(program.digest)
  return program
}

test(`P8: the compiled program and the naive evaluator agree on ${numRuns} random policies`, { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, fc.array(request, { minLength: 12, maxLength: 12 }), (source, who, requests) => {
      const program = compile(source, who)
      for (const { type, operation, name, partition } of requests) {
        const asked = { type, operation: operationName(operation), name, ...(partition < 0 ? {} : { partition }) }
        const { effect, reason, ruleIds } = decide(program, type, operation, name, partition)
        expect({ effect, reason, ruleIds }).toEqual(evaluateNaively(source, who, asked))
        if (effect === 'allow') expect(canOnAny(program, type, operation)).toBe(true)
      }
    }),
    { numRuns },
  )
})

test('neither the order of rules and entries nor a repetition changes a program', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, (source, who) => {
      const turned = { topics: [...source.topics, ...source.topics].reverse(), rules: [...source.rules].reverse() }
      expect(compile(turned, who).digest).toBe(compile(source, who).digest)
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})

test('allowedOperations has the bit of an operation exactly where decide allows it on the whole', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, request, (source, who, { type, name }) => {
      const program = compile(source, who)
      const allowed = kafkaOperations.filter((each) => decide(program, type, each, name).effect === 'allow')
      expect(allowedOperations(program, type, name)).toBe(allowed.reduce((bits, each) => bits | (1 << each), 0))
      expect(decide(program, type, Operation.ClusterAction, name).effect).toBe('deny')
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})
