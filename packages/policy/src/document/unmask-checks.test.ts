import { expect, test } from 'vitest'
import { markedBy, problemsOf } from './parse-fixture.ts'
import { formatSourceProblem } from './problem.ts'

const topics = `
topics:
  - match: [orders, "eu.*"]
    labels: [pii]
    format: json
    mask:
      - { fields: "card(number,cvv),customer,all/*/ssn", with: remove }
      - { headers: [x-user], with: remove }
      - { key: true, with: remove }
      - { fields: in, with: remove, on: [produce] }
  - { match: [logs], format: text, mask: [{ anywhere: [PassWord], with: remove }, { detect: [email], with: remove }] }
  - { match: [plain], labels: [x] }
rules:`

const unmask = (consume: string, items: string): string =>
  `${topics}\n  - { id: r, who: everyone, may: { consume: [${consume}], unmask: [${items}] } }`

test.each([
  [
    'orders',
    '"card/number", "card(number,cvv)", card, customer, "all/a/ssn", "all/a", "*/*/ssn", "*/x", "card/*", "header:X-User", key',
  ],
  ['"label:pii"', 'card'],
  ['"*"', 'card, "anywhere:PASSWORD", "detect:email", any/thing'],
  ['"eu.o*"', 'card'],
  ['logs', 'any/thing'],
])('what may lift a mask is no problem: consume [%s], unmask [%s]', (consume, items) => {
  expect(problemsOf(unmask(consume, items)).map(formatSourceProblem)).toEqual([])
})

test.each([
  ['orders', '^"card/nubmer"'],
  ['orders', '^"card(number,cvx)"'],
  // What holds it is hidden whole.
  ['orders', '^customer/name'],
  ['orders', '^ky, ^"header:x-usr", ^"anywhere:password", ^"detect:email"'],
  // Only what is masked on its way out is lifted.
  ['orders', '^in'],
  ['plain', '^card'],
  ['other', '^key'],
  ['logs', '^key, ^"anywhere:pin"'],
])('what lifts nothing is a problem: consume [%s], unmask [%s]', (consume, items) => {
  expect(new Set(markedBy(unmask(consume, items)))).toEqual(new Set(['UNMASK']))
})

test('the mend names what was meant', () => {
  const mends = (consume: string, items: string): string[] => problemsOf(unmask(consume, items)).map(({ mend }) => mend)
  expect(mends('orders', 'ky, "header:x-uesr", "card/nubmer"')).toEqual([
    'did you mean `key`?',
    'did you mean `header:x-user`?',
    'did you mean `card/number`?',
  ])
  expect(mends('orders', '"anywhere:password"')).toEqual([
    'use `all/*/ssn`, `card/cvv`, `card/number`, `customer`, `header:x-user`, `key`',
  ])
  expect(mends('plain', 'a')).toEqual(['remove it: nothing is masked there'])
})
