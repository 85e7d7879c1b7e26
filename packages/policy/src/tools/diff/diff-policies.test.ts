import { expect, test } from 'vitest'
import type { PolicyDocument } from '../../document/document.ts'
import { parsePolicy } from '../../document/parse-policy.ts'
import { operationName } from '../../operation.ts'
import { type AccessChange, diffPolicies } from './diff-policies.ts'
import { describeChanges } from './diff-words.ts'

function documentOf(text: string): PolicyDocument {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.document
}

const diff = (before: string, after: string): readonly AccessChange[] =>
  diffPolicies(documentOf(before), documentOf(after))

const rule = (id: string, who: string, does: string): string => `  - { id: ${id}, who: ${who}, ${does} }\n`
const rules = (...all: string[]): string => `rules:\n${all.join('')}`

test('what means the same has no change, whatever it is called and in whatever order', () => {
  const [a, b] = [
    rule('a', 'everyone', 'may: { consume: [x, y] }'),
    rule('b', '{ groups: [g] }', 'never: { produce: ["*"] }'),
  ]
  expect(diff(rules(a, b), rules(b.replace('id: b', 'id: c'), a))).toEqual([])
  const cut = [rule('p', 'everyone', 'may: { consume: [x] }'), rule('q', 'everyone', 'may: { consume: [y] }')]
  expect(diff(rules(a, b), rules(...cut, b))).toEqual([])
})

test('a pattern beside a denial: the witness is a name that only the pattern reaches', () => {
  const never = rule('n', 'everyone', 'never: { consume: ["*.internal", orders.a] }')
  const changes = diff(rules(never), rules(never, rule('g', '{ groups: [g] }', 'may: { consume: ["orders.*"] }')))
  expect(changes.map(({ operation, isNewAccess }) => [operationName(operation), isNewAccess])).toEqual([
    ['Read', true],
    ['Describe', true],
  ])
  expect(changes[0]?.witnesses.map(({ name, principal }) => [name, principal.groups])).toEqual([['orders.', ['g']]])
})

test('claims and kinds: whoever is concerned anew is shown', () => {
  const may = 'may: { consume: [t] }'
  const before = rules(rule('a', '{ kinds: [human], claims: { dept: [risk] } }', may))
  const after = rules(rule('a', '{ kinds: [human, agent], claims: { dept: [risk], level: [high] } }', may))
  const askers = (changes: readonly AccessChange[], isNew: boolean): unknown[] =>
    changes
      .filter(({ operation, isNewAccess }) => operation === 3 && isNewAccess === isNew)
      .flatMap(({ witnesses }) => witnesses.map(({ principal: { kind, claims } }) => [kind, claims]))
  const changes = diff(before, after)
  expect(askers(changes, true)).toContainEqual(['agent', { dept: ['risk'], level: ['high'] }])
  expect(askers(changes, false)).toContainEqual(['human', { dept: ['risk'], level: [] }])
  expect(diff(before, before)).toEqual([])
  const never = rules(rule('n', '{ not: { kinds: [human] } }', 'never: { consume: [t] }'), rule('g', 'everyone', may))
  expect(askers(diff(rules(rule('g', 'everyone', may)), never), false)).toContainEqual(['service', undefined])
})

test('a star alone is a name too', () => {
  const changes = diff('rules: []', rules(rule('g', 'everyone', 'may: { as: ["*"] }')))
  expect(changes.map(({ operation, isNewAccess }) => [operationName(operation), isNewAccess])).toEqual([
    ['Read', true],
    ['Describe', true],
  ])
})

test('a grant is taken away from some of a group', () => {
  const may = rule('g', '{ groups: [g] }', 'may: { produce: [t] }')
  const [change, ...others] = diff(rules(may), rules(may, rule('n', '{ groups: [h] }', 'never: { produce: [t] }')))
  expect(others).toEqual([])
  expect(change).toMatchObject({ isNewAccess: false, before: { effect: 'allow' }, after: { effect: 'deny' } })
  expect(change?.witnesses[0]?.principal.groups).toEqual(['g', 'h'])
})

test.each([
  ['a mask goes', 'mask: [{ headers: [h], with: remove }]', '', true],
  ['a mask comes', '', 'mask: [{ headers: [h], with: remove }]', false],
  ['a mask gets weaker', 'mask: [{ headers: [h], with: remove }]', 'mask: [{ headers: [h], with: last-4 }]', true],
  ['a mask gets stronger', 'mask: [{ headers: [h], with: last-4 }]', 'mask: [{ headers: [h], with: remove }]', false],
  [
    'other characters are left',
    'mask: [{ headers: [h], with: first-4 }]',
    'mask: [{ headers: [h], with: last-2 }]',
    true,
  ],
  [
    'fewer characters are left',
    'mask: [{ headers: [h], with: last-4 }]',
    'mask: [{ headers: [h], with: last-2 }]',
    false,
  ],
  [
    'a mask begins to tell what is equal',
    'mask: [{ key: true, with: last-1 }]',
    'mask: [{ key: true, with: { token: k } }]',
    true,
  ],
  ['an approval goes', 'approval: { by: [l], for: 1h }', '', true],
  ['an approval comes', '', 'approval: { by: [l], for: 1h }', false],
  ['fewer people approve', 'approval: { by: [l], people: 2, for: 1h }', 'approval: { by: [l], for: 1h }', true],
  ['access lasts less', 'approval: { by: [l], for: 2h }', 'approval: { by: [l], for: 1h }', false],
  ['fewer issuers approve', 'approval: { by: [l], for: 1h }', 'approval: { by: [l], issuers: [i], for: 1h }', false],
  [
    'another issuer approves',
    'approval: { by: [l], issuers: [i], for: 1h }',
    'approval: { by: [l], issuers: [j], for: 1h }',
    true,
  ],
  ['every issuer approves', 'approval: { by: [l], issuers: [i], for: 1h }', 'approval: { by: [l], for: 1h }', true],
  ['audit is no longer required', 'audit: required', '', true],
])('%s', (_name, before, after, isNewAccess) => {
  const policy = (protection: string): string =>
    `topics: [{ id: t, match: [t]${protection === '' ? '' : `, ${protection}`} }]\n${rules(rule('a', 'everyone', 'may: { consume: [t] }'))}`
  const changes = diff(policy(before), policy(after))
  expect(changes.map((change) => change.isNewAccess)).toEqual([isNewAccess])
})

test.each([
  ['a list comes', '', 'only: [a]', false],
  ['a list goes', 'only: [a]', '', true],
  ['a field more', 'only: [a]', 'only: [b, a]', true],
  ['a field less', 'only: [a, b]', 'only: [b]', false],
  ['another field', 'only: [a]', 'only: [b]', true],
  ['a part of it', 'only: [a]', 'only: ["a(b,c)"]', false],
  ['all of it', 'only: ["a(b,c)"]', 'only: [a]', true],
  ['any of it, but not all', 'only: ["a/*"]', 'only: ["a(b,c)"]', false],
  ['any of it', 'only: ["a(b,c)"]', 'only: ["a/*"]', true],
  ['all there is, without headers', '', 'only: ["*"]', false],
  ['a header', 'only: [a]', 'only: [a, "header:h"]', true],
  ['no key', 'only: [a, key]', 'only: [a]', false],
])('%s: from `%s` to `%s`', (_name, before, after, isNewAccess) => {
  const policy = (only: string): string =>
    `topics: [{ match: [t], format: json }]\n${rules(rule('a', 'everyone', `may: { replay: [t], consume: [t]${only === '' ? '' : `, ${only}`} }`))}`
  const changes = diff(policy(before), policy(after))
  expect(changes.map((change) => [operationName(change.operation), change.isNewAccess])).toEqual([
    ['Read', isNewAccess],
    ['Replay', isNewAccess],
  ])
})

test('what shows the same is no change, also where other rules show it or a mask hides what is not there', () => {
  const policy = (mask: string, ...may: string[]): string =>
    `topics: [{ match: [t], format: json${mask} }]\n${rules(...may.map((each, n) => rule(`r${n}`, 'everyone', `may: { consume: [t], ${each} }`)))}`
  const written = policy('', 'only: ["b(c,d)", a, "header:H", key]')
  expect(diff(written, policy('', 'only: [key, "header:h", "b/d,b/c", a, "a/x"]'))).toEqual([])
  expect(diff(written, policy('', 'only: ["b/c", a, key]', 'only: ["b/d", "header:h"]'))).toEqual([])
  expect(
    diff(written, policy(', mask: [{ fields: "b/e,c", with: remove }]', 'only: ["b(c,d)", a, "header:h", key]')),
  ).toEqual([])
  const hidden = policy(', mask: [{ fields: b, with: remove }]', 'only: ["b(c,d)", a, "header:h", key]')
  expect(diff(written, hidden).map(({ isNewAccess }) => isNewAccess)).toEqual([false])
  // A mask that goes with what it hid takes nothing off.
  const gone = policy('', 'only: [a, key]')
  expect(diff(hidden, gone).map(({ isNewAccess }) => isNewAccess)).toEqual([false])
  expect(diff(gone, hidden).map(({ isNewAccess }) => isNewAccess)).toEqual([true])
})

test('words tell what is shown, and a witness is of those whom only the narrow rule concerns', () => {
  const narrow = rule(
    'narrow',
    '{ groups: [g] }',
    'may: { consume: [t], only: ["customer(name)", id, "header:h", "\\\\key"] }',
  )
  const wide = rule('wide', '{ groups: [h] }', 'may: { consume: [t] }')
  const topic = 'topics: [{ match: [t], format: json, mask: [{ fields: "customer,ssn", with: email }] }]\n'
  const before = documentOf(topic + rules(narrow, wide))
  const after = documentOf(topic + rules(narrow.replace(', "header:h"', ', total'), wide))
  const words = describeChanges(diffPolicies(before, after), [], { before, after })
  expect(words).toContain(
    '+ consume a topic: allowed, only `customer/name`, `id`, `\\key`, `header:h`, with `customer` email, read as json, else withheld -> allowed, only `customer/name`, `id`, `\\key`, `total`, with',
  )
  expect(words).toContain('any-issuer/anyone, of `g`: granted by narrow')
  expect(words).toContain('1 change, 1 gives new access')
})

test('of two equal approvals one goes', () => {
  const entry = (id: string): string => `  - { id: ${id}, match: [t], approval: { by: [l], for: 1h } }\n`
  const grant = rules(rule('a', 'everyone', 'may: { consume: [t] }'))
  const [one, two] = [`topics:\n${entry('p')}${grant}`, `topics:\n${entry('p')}${entry('q')}${grant}`]
  expect(diff(two, one).map(({ isNewAccess }) => isNewAccess)).toEqual([true])
  expect(diff(one, two).map(({ isNewAccess }) => isNewAccess)).toEqual([false])
  expect(diff(one, one.replace('id: p', 'id: r')).map(({ isNewAccess }) => isNewAccess)).toEqual([false])
})

test('partitions: each run that is treated alike, and the whole', () => {
  const [some, all] = ['may: { consume: [t], partitions: [2-5] }', 'may: { consume: [t] }']
  const [change] = diff(rules(rule('a', 'everyone', some)), rules(rule('a', 'everyone', all)))
  expect(change?.witnesses.map(({ partition, lastPartition }) => [partition, lastPartition])).toEqual([
    [-1, undefined],
    [0, 1],
    [6, undefined],
  ])
})

test('many groups, each with rules of its own, are no trouble', () => {
  const teams = Array.from({ length: 60 }, (_, n) =>
    rule(`t${n}`, `{ groups: [team-${n}] }`, `may: { consume: ["*"], produce: ["t${n}.*"] }`),
  )
  const changes = diff(rules(...teams), rules(...teams, rule('x', '{ groups: [new] }', 'may: { consume: ["t7.*"] }')))
  expect(changes.length).toBe(2)
})

test('words tell one of the changes that the same rule brings about, and count the others', () => {
  const fields = ['a', 'b', 'c', 'd']
  const topic = 'topics: [{ match: [t], format: json, mask: [{ fields: "a,b,c,d", with: remove }] }]\n'
  const rights = fields.map((field) =>
    rule(field, `{ groups: [${field}] }`, `may: { consume: [t], unmask: [${field}] }`),
  )
  const [before, after] = [documentOf(topic + rules(...rights)), documentOf(topic + rules(...rights.slice(1)))]
  const changes = diffPolicies(before, after)
  const words = describeChanges(changes, [], { before, after })
  expect(changes.length).toBe(9)
  expect(words.match(/^[+-] /gm)?.length).toBe(3)
  expect(words).toContain('and 6 more changes by the same rules')
  expect(words).toContain('9 changes, none gives new access')
})

test('no name is told by another one', () => {
  const topic = 'topics: [{ match: [t], mask: [{ key: true, with: remove }] }]\n'
  const after = documentOf(topic + rules(rule('r', 'everyone', 'may: { consume: [t, u] }')))
  const before = documentOf(`${topic}rules: []\n`)
  const words = describeChanges(diffPolicies(before, after), [], { before, after })
  expect(words.match(/^\+ consume/gm)?.length).toBe(2)
})
