import { expect, test } from 'vitest'
import { CLUSTER_NAME, MAX_NAME_LENGTH, Operation, operations, resourceTypes } from '../operation.ts'
import { ALL_PARTITIONS, allowedOperations, canOnAny, decide, isDiscoverable } from './decide.ts'
import { ada, programOf } from './policy-fixture.ts'
import { createClosedProgram } from './program.ts'

const { Read, Write, Describe, Delete, Alter, AlterConfigs, DescribeConfigs, IdempotentWrite } = Operation

test('P1: what no rule grants is denied, for every type and operation', () => {
  const program = programOf('rules: []')
  for (const type of resourceTypes) {
    for (const operation of operations) {
      expect(decide(program, type, operation, 'x')).toMatchObject({ effect: 'deny', reason: 'no-rule', ruleIds: [] })
    }
  }
})

test('P1: a denial beats every grant, in any order [policy-deny-wins]', () => {
  const grant = '{ id: grant, who: everyone, may: { consume: [orders, "*", "label:pii"] } }'
  const denial = '{ id: denial, who: { groups: [analytics] }, never: { consume: ["ord*"] } }'
  const topics = 'topics: [{ match: [orders], labels: [pii] }]'
  for (const rules of [`[${grant}, ${denial}]`, `[${denial}, ${grant}]`]) {
    const program = programOf(`${topics}\nrules: ${rules}`)
    expect(decide(program, 'topic', Read, 'orders')).toMatchObject({
      effect: 'deny',
      reason: 'denied-by-rule',
      ruleIds: ['denial'],
    })
  }
})

test('P1: where groups are unknown a denial applies and a grant does not', () => {
  const ghost = { ...ada, groups: undefined }
  const program = programOf(
    `rules:
      - { id: grant, who: everyone, may: { produce: ["*"], consume: [open] } }
      - { id: group-grant, who: { groups: [analytics] }, may: { consume: ["*"] } }
      - { id: not-theirs, who: { not: { groups: [ledger] } }, never: { produce: [audit] } }`,
    ghost,
  )
  expect(decide(program, 'topic', Write, 'audit')).toMatchObject({ reason: 'groups-unknown', ruleIds: ['not-theirs'] })
  expect(decide(program, 'topic', Read, 'orders')).toMatchObject({ reason: 'groups-unknown', ruleIds: [] })
  expect(decide(program, 'topic', Read, 'open').effect).toBe('allow')
})

test('P2: a literal is itself, a pattern crosses dots, case counts', () => {
  const program = programOf('rules: [{ id: r, who: everyone, may: { consume: [team, "eu.*"], as: ["g*"] } }]')
  const may = (name: string): boolean => decide(program, 'topic', Read, name).effect === 'allow'
  expect(['team', 'team2', 'team.', 'Team', 'eu.a.b', 'eu', 'EU.a', ''].map(may)).toEqual([
    ...[true, false, false, false],
    ...[true, false, false, false],
  ])
  expect(decide(program, 'group', Read, 'g*').effect).toBe('allow')
})

test('P2: names are considered up to a length and denied beyond it', () => {
  const program = programOf('rules: [{ id: r, who: everyone, may: { as: ["*"] } }]')
  expect(decide(program, 'group', Read, 'g'.repeat(MAX_NAME_LENGTH)).effect).toBe('allow')
  expect(decide(program, 'group', Read, 'g'.repeat(MAX_NAME_LENGTH + 1))).toMatchObject({ reason: 'name-too-long' })
})

test('P3: as in Kafka, grants of Read, Write, Delete and Alter imply Describe, AlterConfigs DescribeConfigs', () => {
  const program = programOf(`rules:
    - { id: r, who: everyone, may: { consume: [a], produce: [b], delete: [c], alter: [d], create: [e] } }
    - { id: c, who: everyone, may: { alter-configs: [a], as: [g], transact-as: [t], cluster: [alter-configs] } }`)
  const bits = (...granted: Operation[]): number => granted.reduce((sum, operation) => sum | (1 << operation), 0)
  expect(allowedOperations(program, 'topic', 'a')).toBe(bits(Read, Describe, AlterConfigs, DescribeConfigs))
  expect(allowedOperations(program, 'topic', 'b')).toBe(bits(Write, Describe))
  expect(allowedOperations(program, 'topic', 'c')).toBe(bits(Delete, Describe))
  expect(allowedOperations(program, 'topic', 'd')).toBe(bits(Alter, Describe))
  expect(allowedOperations(program, 'topic', 'e')).toBe(bits(Operation.Create))
  expect(allowedOperations(program, 'group', 'g')).toBe(bits(Read, Describe))
  expect(allowedOperations(program, 'transactional-id', 't')).toBe(bits(Write, Describe))
  expect(allowedOperations(program, 'cluster', CLUSTER_NAME)).toBe(bits(AlterConfigs, DescribeConfigs))
})

test('P3: as in Kafka, denials imply nothing', () => {
  const program = programOf(`rules:
    - { id: all, who: everyone, may: { consume: [a, b], describe: [a] } }
    - { id: no-read, who: everyone, never: { consume: [a] } }
    - { id: no-describe, who: everyone, never: { describe: [b] } }`)
  expect(decide(program, 'topic', Read, 'a').effect).toBe('deny')
  expect(decide(program, 'topic', Describe, 'a')).toMatchObject({ effect: 'allow', ruleIds: ['all'] })
  expect(decide(program, 'topic', Read, 'b').effect).toBe('allow')
  expect(decide(program, 'topic', Describe, 'b')).toMatchObject({ effect: 'deny', ruleIds: ['no-describe'] })
})

test('P3: a topic grant gives no group, no transactional id and nothing of the cluster', () => {
  const program = programOf('rules: [{ id: r, who: everyone, may: { consume: ["*"], produce: ["*"] } }]')
  expect(decide(program, 'group', Read, 'orders').effect).toBe('deny')
  expect(decide(program, 'transactional-id', Write, 'orders').effect).toBe('deny')
  expect(decide(program, 'cluster', IdempotentWrite, CLUSTER_NAME).effect).toBe('deny')
  expect(decide(program, 'topic', AlterConfigs, 'orders').effect).toBe('deny')
})

test('partitions limit consume and produce; the whole topic needs an unlimited grant', () => {
  const program = programOf(`rules:
    - { id: some, who: everyone, may: { consume: [a, b], delete: [a], partitions: [7, 0, 3-5, 4-6] } }
    - { id: all, who: everyone, may: { consume: [b] } }
    - { id: never-two, who: everyone, never: { consume: [b], partitions: [2] } }`)
  const granted = [...Array(10).keys()].filter((p) => decide(program, 'topic', Read, 'a', p).effect === 'allow')
  expect(granted).toEqual([0, 3, 4, 5, 6, 7])
  expect(decide(program, 'topic', Read, 'a', 8)).toMatchObject({ reason: 'partition-not-granted', ruleIds: ['some'] })
  expect(decide(program, 'topic', Read, 'a')).toMatchObject({ reason: 'partition-not-granted', ruleIds: ['some'] })
  expect(decide(program, 'topic', Describe, 'a').effect).toBe('allow')
  expect(decide(program, 'topic', Delete, 'a').effect).toBe('allow')
  expect(decide(program, 'topic', Read, 'b', 1)).toMatchObject({ effect: 'allow', ruleIds: ['all'] })
  expect(decide(program, 'topic', Read, 'b', 3)).toMatchObject({ effect: 'allow', ruleIds: ['all', 'some'] })
  expect(decide(program, 'topic', Read, 'b', 2)).toMatchObject({ effect: 'deny', ruleIds: ['never-two'] })
  expect(decide(program, 'topic', Read, 'b', ALL_PARTITIONS)).toMatchObject({ effect: 'deny', ruleIds: ['never-two'] })
  for (const odd of [-2, Number.NaN, Number.NEGATIVE_INFINITY]) {
    expect(decide(program, 'topic', Read, 'a', odd).effect).toBe('deny')
  }
  expect(allowedOperations(program, 'topic', 'a') & (1 << Read)).toBe(0)
})

test('P2: internal topics are reached by no pattern and no label, and by denials of any kind', () => {
  const program = programOf(`
topics: [{ match: [__named, "__*", "*"], labels: [all] }]
rules:
  - { id: wide, who: everyone, may: { consume: ["*", "_*", "label:all"] } }
  - { id: named, who: everyone, may: { consume: [__named, __denied] } }
  - { id: denial, who: everyone, never: { consume: ["__den*"] } }`)
  expect(decide(program, 'topic', Read, '__consumer_offsets')).toMatchObject({ reason: 'internal-topic', ruleIds: [] })
  expect(decide(program, 'topic', Read, '__named')).toMatchObject({ effect: 'allow', ruleIds: ['named'] })
  expect(decide(program, 'topic', Read, '__denied')).toMatchObject({ reason: 'denied-by-rule', ruleIds: ['denial'] })
  expect(decide(program, 'topic', Read, '_schemas').effect).toBe('allow')
  expect(decide(program, 'group', Read, '__x')).toMatchObject({ reason: 'no-rule' })
})

test('a label stands for the topics of every entry that gives it', () => {
  const program = programOf(`
topics:
  - { match: [orders, "*.pii"], labels: [pii, gold] }
  - { match: [payments], labels: [pii] }
  - { match: [public], labels: [gold] }
rules: [{ id: r, who: everyone, may: { consume: ["label:pii"] } }]`)
  const may = (name: string): boolean => decide(program, 'topic', Read, name).effect === 'allow'
  expect(['orders', 'a.pii', 'payments', 'public', 'label:pii', 'pii'].map(may)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

test('canOnAny counts a grant that no single denial covers', () => {
  const program = programOf(`rules:
    - { id: a, who: everyone, may: { produce: ["eu.*"], consume: [x], as: [g], partitions: [1] } }
    - { id: b, who: everyone, never: { produce: ["*"], consume: ["xy*"], as: ["*"] } }
    - { id: c, who: everyone, may: { transact-as: ["t*"] } }
    - { id: d, who: everyone, never: { transact-as: [t1] } }`)
  expect(canOnAny(program, 'topic', Write)).toBe(false)
  expect(canOnAny(program, 'topic', Read)).toBe(true)
  expect(canOnAny(program, 'topic', Describe)).toBe(true)
  expect(canOnAny(program, 'group', Read)).toBe(false)
  expect(canOnAny(program, 'transactional-id', Write)).toBe(true)
  expect(canOnAny(program, 'cluster', Describe)).toBe(false)
})

test('a topic is discoverable where an entry says so, an internal one where it is named', () => {
  const program = programOf(`
topics: [{ match: ["pay*", __named, "__*"], discoverable: true }, { match: [orders] }]
rules: []`)
  expect(['payments', 'orders', '__named', '__other'].map((name) => isDiscoverable(program, name))).toEqual([
    ...[true, false, true, false],
  ])
  expect(decide(program, 'topic', Describe, 'payments').effect).toBe('deny')
})

test('a repeated decision is the same frozen object', () => {
  const program = programOf('rules: [{ id: r, who: everyone, may: { consume: [orders, a], partitions: [0] } }]')
  const decision = decide(program, 'topic', Read, 'orders', 0)
  expect(decide(program, 'topic', Read, 'orders', 0)).toBe(decision)
  expect(decide(program, 'topic', Read, 'a', 0)).toBe(decision)
  expect(Object.isFrozen(decision) && Object.isFrozen(decision.ruleIds)).toBe(true)
})

test('P1: what is no request at all is denied and nothing is thrown', () => {
  const program = programOf('rules: [{ id: r, who: everyone, may: { consume: ["*"] } }]')
  const odd = decide as unknown as (...args: unknown[]) => unknown
  const denied = { effect: 'deny', reason: 'unexpected', ruleIds: [] }
  expect(odd(program, 'topic', Read, undefined)).toMatchObject(denied)
  expect(odd(program, '__proto__', Read, 'x')).toMatchObject(denied)
  expect(odd(program, 'toString', Read, 'x')).toMatchObject(denied)
  expect(odd(undefined, 'topic', Read, 'x')).toMatchObject(denied)
  for (const operation of [-1, 0, 2, 13, 35, 3.5, Number.NaN, 'length', 'constructor', undefined]) {
    expect(odd(program, 'topic', operation, 'x')).toMatchObject({ effect: 'deny' })
  }
})

test('a closed program denies everything for its reason', () => {
  const program = createClosedProgram('bundle-expired')
  expect(decide(program, 'topic', Read, 'orders')).toMatchObject({ effect: 'deny', reason: 'bundle-expired' })
  expect(decide(program, 'topic', Read, '__x')).toMatchObject({ effect: 'deny', reason: 'bundle-expired' })
})
