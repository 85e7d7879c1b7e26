import { describe, expect, it } from 'vitest'
import { parsePolicy } from './document/parse-policy.ts'
import { canonicalModes, ENFORCED, type EnforcementModes, enforcesAll, modeOf, observesAny } from './modes.ts'
import { CLUSTER_NAME, kafkaOperations, Operation, type ResourceType } from './operation.ts'
import type { Principal } from './principal.ts'
import { allowedOperations, canOnAny, decide } from './program/decide.ts'
import { compileProgram, type Program } from './program/program.ts'
import { residualFor, residualUnder } from './program/residual.ts'

const POLICY = `
topics:
  - match: ["orders.*"]
    format: json
    mask: [{ fields: card, with: remove }]
  - match: [payments]
    approval: { by: [leads], for: 1h }
    audit: required
rules:
  - id: reads-public
    who: { subjects: [svc] }
    may: { consume: ["public.*"], as: [svc], produce: [metrics] }
  - id: never-secret
    who: everyone
    never: { consume: [secret], describe: [secret] }
`
const SVC: Principal = { issuer: 'corp', subject: 'svc', groups: [] }

function document(): Parameters<typeof residualFor>[0] {
  const parsed = parsePolicy({ path: 'policy.yaml', text: POLICY }, () => '')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.document
}

const under = (modes: Partial<EnforcementModes>): Program =>
  compileProgram(residualUnder(document(), { ...ENFORCED, ...modes }, SVC))
const read = (program: Program, topic: string) => decide(program, 'topic', Operation.Read, topic)

describe('which mode governs a name', () => {
  const modes: EnforcementModes = {
    default: 'observe',
    topics: [
      { match: ['orders.*'], mode: 'warn' },
      { match: ['orders.vip', 'orders.vip.*'], mode: 'enforce' },
      { match: ['orders.vip.test'], mode: 'observe' },
    ],
    groups: [{ match: ['billing-*'], mode: 'enforce' }],
    transactionalIds: [],
    cluster: 'enforce',
  }

  it.each([
    ['topic', 'anything', 'observe'],
    ['topic', 'orders.a', 'warn'],
    ['topic', 'orders.vip', 'enforce'],
    ['topic', 'orders.vip.test', 'enforce'],
    ['topic', '__consumer_offsets', 'enforce'],
    ['group', 'billing-a', 'enforce'],
    ['group', 'orders.a', 'observe'],
    ['transactional-id', 'billing-a', 'observe'],
    ['cluster', CLUSTER_NAME, 'enforce'],
  ] as const)('%s %s: %s', (resourceType: ResourceType, name, mode) => {
    expect(modeOf(modes, resourceType, name)).toBe(mode)
  })

  it('does not hang on the order of entries', () => {
    const turned = { ...modes, topics: modes.topics.toReversed() }
    expect(canonicalModes(turned)).toEqual(canonicalModes(modes))
    expect(modeOf(turned, 'topic', 'orders.vip.test')).toBe('enforce')
  })

  it('knows what enforces and what observes', () => {
    expect([enforcesAll(ENFORCED), observesAny(ENFORCED)]).toEqual([true, false])
    expect([enforcesAll(modes), observesAny(modes)]).toEqual([false, true])
    expect(enforcesAll({ ...ENFORCED, cluster: 'warn' })).toBe(false)
  })
})

it('makes no difference where everything is enforced', () => {
  expect(residualUnder(document(), ENFORCED, SVC)).toEqual(residualFor(document(), SVC))
})

describe('warn', () => {
  const program = under({ default: 'warn', cluster: 'warn' })

  it('lets pass what would be denied, and says by what', () => {
    expect(read(program, 'secret')).toMatchObject({
      effect: 'allow',
      reason: 'not-enforced',
      ruleIds: [],
      wouldBe: { effect: 'deny', reason: 'denied-by-rule', ruleIds: ['never-secret'] },
    })
    expect(decide(program, 'group', Operation.Read, 'other')).toMatchObject({ wouldBe: { reason: 'no-rule' } })
  })

  it('keeps masks on what it lets pass', () => {
    expect(read(program, 'orders.a')).toMatchObject({ effect: 'allow', wouldBe: { effect: 'deny' } })
    expect(read(program, 'orders.a').obligations?.mask?.value).toHaveLength(1)
  })

  it('keeps approvals on what it lets pass, and what must be on record', () => {
    expect(read(program, 'payments')).toMatchObject({
      effect: 'hold',
      reason: 'approval-needed',
      obligations: { approvals: [{ protection: 'payments' }], audit: 'required' },
      wouldBe: { reason: 'no-rule' },
    })
  })

  it('leaves what is granted as it is', () => {
    const granted = read(program, 'public.a')
    expect(granted).toMatchObject({ effect: 'allow', reason: 'granted', ruleIds: ['reads-public'] })
    expect(granted).not.toHaveProperty('wouldBe')
  })
})

describe('observe', () => {
  const program = under({ default: 'observe', cluster: 'observe' })

  it('asks nothing of what it lets pass', () => {
    for (const topic of ['orders.a', 'payments', 'secret'])
      expect(read(program, topic)).toMatchObject({ effect: 'allow', obligations: undefined })
    expect(read(program, 'secret').wouldBe?.ruleIds).toEqual(['never-secret'])
  })

  it('does not reach internal topics, names that are too long, or operations of its own', () => {
    expect(read(program, '__consumer_offsets')).toMatchObject({ effect: 'deny', reason: 'internal-topic' })
    expect(read(program, 'a'.repeat(256))).toMatchObject({ effect: 'deny', reason: 'name-too-long' })
    expect(decide(program, 'topic', Operation.Replay, 'orders.a').effect).toBe('deny')
    expect(decide(program, 'cluster', Operation.ReadAudit, CLUSTER_NAME).effect).toBe('deny')
  })

  it('gives one object for one decision', () => {
    expect(read(program, 'orders.a')).toBe(read(program, 'orders.a'))
  })
})

describe('modes of some names', () => {
  const program = under({ topics: [{ match: ['orders.*'], mode: 'observe' }] })

  it('widen nothing else', () => {
    expect(read(program, 'orders.a').effect).toBe('allow')
    for (const topic of ['orders', 'payments', 'secret', '__orders.a']) expect(read(program, topic).effect).toBe('deny')
    expect(decide(program, 'group', Operation.Read, 'orders.a').effect).toBe('deny')
    expect(decide(program, 'cluster', Operation.Create, CLUSTER_NAME).effect).toBe('deny')
  })

  it('count where something of a kind may be done, and in what a client is told', () => {
    const kafkas = kafkaOperations.reduce((bits, operation) => bits | (1 << operation), 0)
    expect(allowedOperations(program, 'topic', 'orders.a')).toBe(kafkas)
    expect(allowedOperations(program, 'topic', 'secret')).toBe(0)
    expect(canOnAny(program, 'topic', Operation.Delete)).toBe(true)
    expect(canOnAny(program, 'group', Operation.Delete)).toBe(false)
    const covered = under({
      default: 'warn',
      topics: [{ match: ['*'], mode: 'enforce' }],
      groups: [{ match: ['*'], mode: 'enforce' }],
    })
    expect(canOnAny(covered, 'group', Operation.Delete)).toBe(false)
    expect(canOnAny(covered, 'topic', Operation.Delete)).toBe(false)
  })
})

it('changes the digest of a program, so that clients get another bundle', () => {
  expect(under({ default: 'warn' }).digest).not.toBe(under({}).digest)
})
