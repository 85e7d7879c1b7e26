import { expect, test } from 'vitest'
import { maskJsonValue } from '../object/mask-json-value.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { maskJsonBytes } from './mask-json-bytes.ts'
import { maskTextBytes } from './mask-text-bytes.ts'

const SECRET = '536-22-1234'
const rules = [
  { fields: 'a/ssn', anywhere: ['ssn'], detect: ['us-ssn'], with: { type: 'constant', value: 'X' } },
] as const
const plan = compilePlan(rules)
const kept = compilePlan([], { only: ['y', 'a/x'] })

test('a record 10,000 levels deep is withheld, as bytes and as an object', () => {
  for (const text of ['[', '{"a":'].map((open) => open.repeat(10_000))) {
    const closed = `${text}"${SECRET}"${text.startsWith('[') ? ']'.repeat(10_000) : '}'.repeat(10_000)}`
    expect(maskJsonBytes(plan, Buffer.from(closed))).toMatchObject({ status: 'withheld', reason: 'too-deep' })
    expect(maskJsonValue(plan, JSON.parse(closed))).toMatchObject({ status: 'withheld', reason: 'too-deep' })
    expect(maskJsonBytes(plan, Buffer.from(text))).toMatchObject({ status: 'withheld', reason: 'too-deep' })
    expect(maskJsonBytes(kept, Buffer.from(closed))).toMatchObject({ status: 'withheld', reason: 'too-deep' })
    expect(maskJsonValue(kept, JSON.parse(closed))).toMatchObject({ status: 'withheld', reason: 'too-deep' })
  }
})

test('the depth that a plan reads is exact for bytes and objects', () => {
  const shallow = compilePlan(rules, { maxDepth: 3 })
  for (const [text, status] of [
    ['[[{"x":1}]]', 'unchanged'],
    ['[[{"a":[]}]]', 'withheld'],
    ['{"a":{"ssn":{}}}', 'unchanged'],
    ['{"a":{"ssn":[{}]}}', 'withheld'],
  ] as const) {
    expect([text, maskJsonBytes(shallow, Buffer.from(text)).status]).toEqual([text, status])
    expect([text, maskJsonValue(shallow, JSON.parse(text)).status]).toEqual([text, status])
  }
})

test('the depth of what a list does not keep counts too, and so does its length', () => {
  const shallow = compilePlan([], { only: ['a/k'], maxDepth: 3, maxBytes: 40 })
  for (const [text, status] of [
    ['{"x":[[0]],"a":{"k":{}}}', 'masked'],
    ['{"x":[[[]]],"a":1}', 'withheld'],
    ['{"a":{"x":[0]}}', 'masked'],
    ['{"a":{"x":[[0]]}}', 'withheld'],
    ['{"a":{"k":[[0]]}}', 'withheld'],
    ['{"a":[[[]]]}', 'withheld'],
  ] as const) {
    expect([text, maskJsonBytes(shallow, Buffer.from(text)).status]).toEqual([text, status])
    expect([text, maskJsonValue(shallow, JSON.parse(text)).status]).toEqual([text, status])
  }
  const long = Buffer.from(`{"x":"${'y'.repeat(40)}"}`)
  expect(maskJsonBytes(shallow, long)).toMatchObject({ status: 'withheld', reason: 'too-large' })
})

test('a record of 10 MB is withheld by default, and masked where the plan reads as much', () => {
  const item = `{"a":{"ssn":"${SECRET}"},"n":12345678901234567890},`
  const record = Buffer.from(`[${item.repeat(10_000_000 / item.length)}{}]`)
  expect(maskJsonBytes(plan, record)).toEqual({ status: 'withheld', reason: 'too-large', position: -1 })

  const result = maskJsonBytes(compilePlan(rules, { maxBytes: 16_000_000 }), record)
  expect(result.status === 'masked' && result.masked).toEqual([
    { field: 'a/ssn', count: Math.floor(10_000_000 / item.length) },
  ])
  expect(result.status === 'masked' && result.bytes.includes('536')).toBe(false)
})

test('what is not UTF-8 is withheld wherever it stands', () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xa2], [0xf5, 0x80, 0x80, 0x80]]) {
    const record = Buffer.concat([Buffer.from('{"x":"'), Buffer.from(bytes), Buffer.from(`","ssn":"${SECRET}"}`)])
    expect(maskJsonBytes(plan, record)).toMatchObject({ status: 'withheld', reason: 'not-utf8' })
    expect(maskJsonBytes(kept, record)).toMatchObject({ status: 'withheld', reason: 'not-utf8' })
    expect(maskTextBytes(plan, record)).toMatchObject({ status: 'withheld', reason: 'not-utf8' })
  }
  expect(maskJsonBytes(plan, Buffer.from(`{"ssn":"${SECRET}"}`, 'utf16le'))).toMatchObject({ status: 'withheld' })
})

test('a text inside texts beyond the third is hidden, unread', () => {
  const nest = (levels: number): string =>
    levels === 0 ? JSON.stringify({ SSN: 'clear' }) : JSON.stringify({ x: nest(levels - 1) })
  for (const levels of [1, 2, 3, 4, 5, 6]) {
    const result = maskJsonBytes(plan, Buffer.from(nest(levels)))
    expect(result.status === 'masked' && !result.bytes.includes('clear')).toBe(true)
  }
})

test('records that are cut anywhere are withheld, and leave later ones as they were', () => {
  const record = Buffer.from(`{"a":{"ssn":"${SECRET}","x":[1.5e3,true,"\\u00e4"]},"y":null}`)
  for (const each of [plan, kept]) {
    const whole = maskJsonBytes(each, record)
    for (let end = 0; end < record.length; end += 1)
      expect(maskJsonBytes(each, record.subarray(0, end))).toMatchObject({ status: 'withheld', reason: 'not-json' })
    expect(maskJsonBytes(each, record)).toEqual(whole)
  }
})

test('results do not share memory with each other', () => {
  const first = maskJsonBytes(plan, Buffer.from(`{"ssn":"${SECRET}"}`))
  const before = first.status === 'masked' ? first.bytes.toString() : ''
  maskJsonBytes(plan, Buffer.from('{"ssn":"another","more":"text"}'))
  expect(first.status === 'masked' && first.bytes.toString()).toBe(before)
})

test('a card number that JSON.parse rounds is masked in bytes by its digits, and in an object whatever is left of it', () => {
  const cards = compilePlan([{ detect: ['payment-card'], with: { type: 'default' } }])
  const record = '{"pan":4111111111111111110,"id":42000000000000000000}'
  const result = maskJsonBytes(cards, Buffer.from(record))
  expect(result.status === 'masked' && result.bytes.toString()).toBe('{"pan":0,"id":42000000000000000000}')
  const onObject = maskJsonValue(cards, JSON.parse(record))
  expect(onObject.status === 'masked' && onObject.value).toEqual({ pan: 0, id: 4.2e19 })
})

test('an object that JSON cannot hold is withheld', () => {
  class Card {
    readonly number = '4111111111111111'
  }
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  for (const value of [
    1n,
    () => SECRET,
    Symbol('x'),
    new Date(0),
    new Map(),
    new Card(),
    Number.NaN,
    { toJSON: () => SECRET },
  ])
    for (const holder of [value, { a: value }, [value], { a: { ssn: value } }])
      for (const each of [plan, kept]) expect(maskJsonValue(each, holder).status).toBe('withheld')
  expect(maskJsonValue(plan, loop)).toMatchObject({ status: 'withheld', reason: 'too-deep' })
})

test('no result of a withheld record holds anything of it', () => {
  const result = maskJsonBytes(plan, Buffer.from(`{"ssn":"${SECRET}"`))
  expect(JSON.stringify(result)).not.toContain('536')
  expect(Object.keys(result).sort()).toEqual(['position', 'reason', 'status'])
})

test('text is masked as text is inside a document, and hidden whole where fields are expected', () => {
  const found = compilePlan([{ detect: ['us-ssn'], with: { type: 'keep-last', count: 4 } }])
  const result = maskTextBytes(found, Buffer.from(`id ${SECRET}`))
  expect(result.status === 'masked' && result.bytes.toString()).toBe('id ***-**-1234')
  const hidden = maskTextBytes(plan, Buffer.from('any text'))
  expect(hidden.status === 'masked' && hidden.bytes.length).toBe(0)
})

test('many finds, long digit runs and many signs take time in proportion', () => {
  const detectors = compilePlan([{ detect: ['payment-card', 'us-ssn', 'email'], with: { type: 'default' } }])
  for (const piece of ['4111 ', '1', '@', 'a@', 'a.', '1-', '4111111111111111 ', '@a.', '0 ']) {
    const startedAt = performance.now()
    maskJsonBytes(detectors, Buffer.from(JSON.stringify(piece.repeat(200_000 / piece.length))))
    expect([piece, performance.now() - startedAt < 1_500]).toEqual([piece, true])
  }
})
