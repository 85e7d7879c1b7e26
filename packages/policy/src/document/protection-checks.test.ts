import { expect, test } from 'vitest'
import { markedBy, parse, problemsOf } from './parse-fixture.ts'
import { formatSourceProblem } from './problem.ts'

const topic = (members: string): string => `topics: [{ match: [a], ${members} }]\nrules: []`

function protectionOf(members: string): unknown {
  const result = parse(topic(members))
  return result.ok ? result.document.topics[0] : result.problems
}

test('a protection of every word there is gives a document', () => {
  const text = `
id: pay, format: json, on-unreadable: placeholder, audit: required, mask: [
  { fields: "customer(ssn,email),card/number", with: last-4 }, { anywhere: [PassWord, pin, pin], with: remove },
  { detect: [payment-card], with: { constant: "4" }, on: [produce, consume] }, { headers: [X-b, x-a], with: null },
  { key: true, with: { token: user } } ],
approval: { by: [leads, boss], people: 2, reason: optional, for: 7d, decide-within: 90s, on: [consume] }`
  expect(protectionOf(text.replaceAll('\n', ' '))).toMatchObject({
    id: 'pay',
    format: 'json',
    onUnreadable: 'placeholder',
    audit: 'required',
    mask: [
      { on: ['consume'], with: { type: 'remove' }, anywhere: ['password', 'pin'] },
      { on: ['consume', 'produce'], with: { type: 'constant', value: '4' }, detect: ['payment-card'] },
      { on: ['consume'], with: { type: 'keep-last', count: 4 }, fields: 'card/number,customer(email,ssn)' },
      { on: ['consume'], with: { type: 'null' }, headers: ['x-a', 'x-b'] },
      { on: ['consume'], with: { type: 'token', label: 'user' }, key: true },
    ],
    approval: {
      on: ['consume'],
      by: ['boss', 'leads'],
      people: 2,
      reason: 'optional',
      forMs: 604_800_000,
      decideWithinMs: 90_000,
    },
  })
})

test('what is not said is the careful thing', () => {
  expect(protectionOf('approval: { by: [leads], for: 1h }')).toMatchObject({
    id: 'a',
    mask: [],
    audit: 'standard',
    approval: { on: ['consume', 'produce'], people: 1, reason: 'required', decideWithinMs: 3_600_000 },
  })
  expect(protectionOf('mask: [{ key: true, with: remove }]')).toMatchObject({
    onUnreadable: 'withhold',
    mask: [{ on: ['consume'] }],
  })
  expect(protectionOf('labels: [x]')).not.toHaveProperty('onUnreadable')
})

test.each([
  ['format: json, mask: [{ fields: "a(b,c^.d),e^[", with: remove }]', 'SELECTOR'],
  ['format: json, mask: [{ fields: a/^, with: remove }]', 'SELECTOR'],
  ["format: json, mask: [{ fields: 'a^.b', with: remove }]", 'SELECTOR'],
  ['format: json, mask: [{ fields: ^"\\u0061.b", with: remove }]', 'SELECTOR'],
  ['format: json, mask: [{ fields: ^"a\\u200Bb", with: remove }]', 'SELECTOR'],
  ['format: json, mask: [{ fields: a, with: ^last-99 }]', 'STRATEGY'],
  ['format: json, mask: [{ fields: a, with: ^hash }]', 'STRATEGY'],
  ['format: json, mask: [{ fields: a, with: ^4 }]', 'STRATEGY'],
  ['format: json, mask: [{ fields: a, with: ^{ constant: 1, token: x } }]', 'STRATEGY'],
  ['format: json, mask: [{ fields: a, with: ^{ type: remove } }]', 'STRATEGY'],
  ['format: json, mask: [{ fields: a, with: ^{ token: Ü } }]', 'STRATEGY'],
  ['format: json, mask: [^{ fields: a }]', 'MISSING_KEY'],
  ['format: json, mask: [{ anywhere: [^" a"], with: remove }]', 'NAME'],
  ['format: json, mask: [{ anywhere: [^"a*"], with: remove }]', 'PATTERN'],
  ['format: json, mask: [{ anywhere: ^[], with: remove }]', 'EMPTY'],
  ['format: json, mask: [{ detect: [^payment-crad], with: remove }]', 'UNKNOWN_VALUE'],
  ['mask: [{ headers: [^""], with: remove }]', 'NAME'],
  ['mask: [{ headers: [^"x-*"], with: remove }]', 'PATTERN'],
  ['mask: [{ key: ^false, with: remove }]', 'WRONG_TYPE'],
  ['mask: [{ key: true, with: remove, on: [consume, ^produce] }]', 'MASK'],
  ['mask: [{ key: true, with: remove, on: [^read] }]', 'UNKNOWN_VALUE'],
  ['mask: [^{ with: remove }]', 'MASK'],
  ['mask: [^{ key: true, headers: [a], with: remove }]', 'MASK'],
  ['mask: [{ key: true, with: remove, ^how: x }]', 'UNKNOWN_KEY'],
  ['mask: [{ fields: ^a, with: remove }]', 'MASK'],
  ['mask: [{ anywhere: ^[a], with: remove }]', 'MASK'],
  ['mask: [{ detect: ^[email], with: remove }]', 'MASK'],
  ['format: text, mask: [{ fields: ^a, with: remove }]', 'MASK'],
  ['mask: ^[]', 'EMPTY'],
  ['format: ^avro', 'UNKNOWN_VALUE'],
  ['on-unreadable: ^pass', 'UNKNOWN_VALUE'],
  ['audit: ^none', 'UNKNOWN_VALUE'],
  ['approval: ^{ for: 1h }', 'MISSING_KEY'],
  ['approval: ^{ by: [a] }', 'MISSING_KEY'],
  ['approval: { by: [^"*"], for: 1h }', 'PATTERN'],
  ['approval: { by: ^[], for: 1h }', 'EMPTY'],
  ['approval: { by: [a], for: 1h, people: ^0 }', 'APPROVAL'],
  ['approval: { by: [a], for: 1h, people: ^1.5 }', 'APPROVAL'],
  ['approval: { by: [a], for: 1h, people: ^-1 }', 'APPROVAL'],
  ['approval: { by: [a], for: 1h, people: ^two }', 'WRONG_TYPE'],
  ['approval: { by: [a], for: 1h, reason: ^maybe }', 'UNKNOWN_VALUE'],
  ['approval: { by: [a], for: 1h, on: [^describe] }', 'UNKNOWN_VALUE'],
  ['approval: { by: [a], for: ^90 }', 'WRONG_TYPE'],
  ['approval: { by: [a], for: 1h, decide-within: ^0s }', 'DURATION'],
  ['approval: { by: [a], for: 1h, ^rows: 1h }', 'UNSUPPORTED_KEY'],
  ['id: ^"a b"', 'NAME'],
])('topics: %s: %s', (members, code) => {
  expect(new Set(markedBy(topic(members)))).toEqual(new Set([code]))
})

test.each(['1', 'h', '1 h', '1H', '01h', '1.5h', '-1h', '1w', '1h30m', '366d', '99999999d', '١h', ''])(
  '`%s` is no duration',
  (duration) => {
    expect(markedBy(topic(`approval: { by: [a], for: ^"${duration}" }`))).toEqual(['DURATION'])
  },
)

test('each approval has an id of its own, the topics of its entry where none is given', () => {
  const approval = 'approval: { by: [a], for: 1h }'
  const entries = (...list: string[]): string => `topics:\n${list.map((each) => `  - { ${each} }\n`).join('')}rules: []`
  expect(markedBy(entries(`match: [a, b], ${approval}`, `match: ^[b, a], ${approval}`))).toEqual([
    'DUPLICATE_PROTECTION',
  ])
  expect(markedBy(entries(`match: [a], ${approval}`, `match: [b], id: ^a, ${approval}`))).toEqual([
    'DUPLICATE_PROTECTION',
  ])
  expect(markedBy(entries(`match: [a], ${approval}`, 'match: [a], labels: [x]', 'match: [b], id: a'))).toEqual([])
  const many = Array.from({ length: 60 }, (_, n) => `topic-${n}`).join(', ')
  expect(markedBy(entries(`match: ^[${many}], ${approval}`))).toEqual(['APPROVAL'])
  expect(markedBy(entries(`match: [${many}], id: many, ${approval}`))).toEqual([])
})

test('a constant is in no problem', () => {
  const secret = 'sesame-4111'
  const sources = [`{ constant: { x: ${secret} } }`, `{ constant: ${secret}, x: 1 }`, secret, `[${secret}]`]
  for (const source of [...sources, `{ constants: ${secret} }`, `{ type: constant, value: ${secret} }`]) {
    const problems = problemsOf(topic(`mask: [{ key: true, with: ${source} }]`)).map(formatSourceProblem)
    expect(problems).toHaveLength(1)
    expect(problems.join()).not.toContain(secret)
  }
})

test('owners are services and people, exactly', () => {
  const owners = (entry: string): string => `owners: [${entry}]\nrules: []`
  expect(markedBy(owners('{ of: { subjects: [job] }, people: [ada] }'))).toEqual([])
  expect(markedBy(owners('{ of: ^{}, people: ^[] }'))).toEqual(['EMPTY', 'EMPTY'])
  expect(markedBy(owners('{ of: { ^subject: [job] }, people: [^"*"] }'))).toEqual(['UNKNOWN_KEY', 'PATTERN'])
  expect(markedBy(owners('^{ people: [ada] }'))).toEqual(['MISSING_KEY'])
})

test('the digest is of the meaning of protections too', () => {
  const digests = [
    'id: x, format: json, mask: [{ fields: "a,b/c", with: last-4 }, { anywhere: [K], with: null }]',
    'id: x, format: json, mask: [{ anywhere: [k, K], with: "null", on: [consume] }, { fields: "b(c),a", with: last-4 }]',
    'id: x, format: json, mask: [{ anywhere: [k, K], with: "null", on: [produce] }, { fields: "b(c),a", with: last-4 }]',
  ].map((members) => {
    const result = parse(topic(members))
    return result.ok ? result.digest : result.problems
  })
  expect(digests[0]).toBe(digests[1])
  expect(digests[0]).not.toBe(digests[2])
})
