import { parsePolicy } from '@headgate/policy'
import { expect, test } from 'vitest'
import { type NamedByPolicy, namedByPolicy } from './policy-clients.ts'

function named(text: string): NamedByPolicy {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return namedByPolicy(result.document)
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
