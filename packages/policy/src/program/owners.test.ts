import { expect, test } from 'vitest'
import { parse } from '../document/parse-fixture.ts'
import type { Principal } from '../principal.ts'
import { ownersOf } from './owners.ts'

const result = parse(`
owners:
  - { of: { subjects: [billing-job] }, people: [ada, grace] }
  - { of: { subjects: [billing-job], issuers: [corp] }, people: [bob] }
  - { of: { groups: [batch] }, people: [eve] }
  - { of: { subjects: [ledger] }, people: [ada, bob], issuers: [corp, partner] }
rules: []`)
if (!result.ok) throw new Error('the policy of the test has problems')
const { document } = result

test.each<[Partial<Principal>, string[]]>([
  [{}, ['ada', 'bob', 'grace']],
  [{ issuer: 'partner' }, ['ada', 'grace']],
  [{ subject: 'other' }, []],
  [{ subject: 'ledger' }, ['corp/ada', 'corp/bob', 'partner/ada', 'partner/bob']],
  [{ subject: 'other', groups: ['batch'] }, ['eve']],
  // Where groups are unknown, whoever may stand behind it does.
  [{ subject: 'other', groups: undefined }, ['eve']],
])('the owners of %j are %j', (changes, owners) => {
  const principal = { issuer: 'corp', subject: 'billing-job', groups: [], ...changes }
  const words = ownersOf(document, principal).map(({ issuer, subject }) => (issuer ? `${issuer}/${subject}` : subject))
  expect(words.sort()).toEqual(owners)
})
