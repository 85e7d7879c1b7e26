import { type PrincipalKind, parsePolicy } from '@headgate/policy'
import { expect, test } from 'vitest'
import { kindOfPolicy, type NamedByPolicy, namedByPolicy } from './policy-clients.ts'

function named(text: string, kind?: PrincipalKind): NamedByPolicy {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return namedByPolicy(result.document, kind)
}

test('subjects and groups of grants become services, and what a policy denies does not', () => {
  const { services, issuers } = named(`
rules:
  - { id: a, who: { issuers: [corp], subjects: [orders, ledger] }, may: { produce: [orders] } }
  - { id: b, who: { groups: [analytics] }, may: { consume: [orders], as: [a] } }
  - { id: c, who: { subjects: [orders], groups: [sellers] }, may: { consume: [prices], as: [o] } }
  - { id: d, who: { subjects: [intruder] }, never: { produce: [orders] } }
  - { id: e, who: everyone, may: { consume: [news], as: [n] } }
`)

  expect(issuers).toEqual(['corp'])
  expect(services).toEqual([
    { clientId: 'ledger', groups: [] },
    { clientId: 'orders', groups: ['sellers'] },
    { clientId: 'analytics-service', groups: ['analytics'] },
  ])
})

test('a policy for everyone names nobody; people, and names that no client can have, are no services', () => {
  const { services, approverGroups } = named(`
topics:
  - { match: [payments], approval: { by: [leads, owners], for: 1h } }
owners:
  - { of: { subjects: [orders] }, people: [ada] }
rules:
  - { id: a, who: everyone, may: { consume: [news], as: [n] } }
  - { id: b, who: { subjects: [ada, "spiffe://trust/ns/a"] }, may: { consume: [news], as: [n] } }
`)

  expect(services).toEqual([])
  expect([...approverGroups].sort()).toEqual(['leads', 'owners'])
})

test('a grant to those with claims, or of a kind, becomes a service of its rule', () => {
  const policy = `
rules:
  - { id: risk, who: { kinds: [service, human], claims: { dept: [risk, audit], level: [high] } }, may: { consume: [a], as: [a] } }
  - { id: some-of-a-group, who: { groups: [g, h], claims: { dept: [ops] } }, may: { consume: [b], as: [b] } }
  - { id: job, who: { subjects: [job], claims: { level: [low] } }, may: { consume: [c], as: [c] } }
  - { id: job-too, who: { subjects: [job], claims: { level: [high] } }, may: { consume: [d], as: [d] } }
  - { id: any-service, who: { kinds: [service] }, may: { consume: [e], as: [e] } }
  - { id: people, who: { kinds: [human] }, may: { consume: [f], as: [f] } }
  - { id: g-of-a-kind, who: { kinds: [service], groups: [g] }, may: { consume: [h], as: [h] } }
  - { id: not-risk, who: { not: { claims: { dept: [risk] } } }, may: { consume: [i], as: [i] } }
  - { id: never, who: { claims: { left: ["true"] } }, never: { consume: [j] } }
`
  const { services, claims } = named(policy)

  expect(claims).toEqual(['dept', 'left', 'level'])
  expect(services).toEqual([
    { clientId: 'risk-service', groups: [], claims: { dept: ['audit'], level: ['high'] } },
    { clientId: 'g-service', groups: ['g'] },
    { clientId: 'h-service', groups: ['h'] },
    { clientId: 'some-of-a-group-service', groups: ['g'], claims: { dept: ['ops'] } },
    { clientId: 'job', groups: [], claims: { level: ['low', 'high'] } },
    { clientId: 'any-service-service', groups: [] },
    { clientId: 'not-risk-service', groups: [] },
  ])
  expect(named(policy, 'human').services.map(({ clientId }) => clientId)).toContain('people-service')
})

test('the kind is one that grants ask for, a service where they ask for that too or for none', () => {
  const kind = (...kinds: string[]): PrincipalKind => {
    const grants = kinds.map((each, n) => `  - { id: r${n}, who: { kinds: [${each}] }, may: { consume: [a] } }\n`)
    const result = parsePolicy({ path: 'policy.yaml', text: `rules:\n${grants.join('') || '  []'}` }, () => '')
    if (!result.ok) throw new Error(JSON.stringify(result.problems))
    return kindOfPolicy(result.document)
  }

  expect([kind(), kind('human'), kind('agent'), kind('human', 'service')]).toEqual([
    'service',
    'human',
    'agent',
    'service',
  ])
})
