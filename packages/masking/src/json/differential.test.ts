import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskJsonValue } from '../object/mask-json-value.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import type { MaskRule } from '../plan/rule.ts'
import { maskJsonBytes } from './mask-json-bytes.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 6_000)

const SEEDS = [
  '{"a":{"ssn":"536-22-1234","b":[1,-0.5e-3,true,null]},"n":"a\\u0041\\n"}',
  ' [ {"a" : "x"} , [ ] , { } , "é😀" , 12345678901234567890 ] ',
  '{"a":1,"a":2,"__proto__":{"a":"b@c.example"},"":0}',
  '"4111 1111 1111 1111"',
  '{"t":"{\\"a\\":\\"b\\",\\"c\\":[1.0]}","u":"[broken","p":4111111111111111}',
  '-0.0E+10',
  'false',
]
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u00e9',
  '\\ud800',
  '0',
  '-',
  '.',
  'e',
  'E',
  '+',
  'true',
  'nul',
  ' ',
  '\t',
]
const ODD = ['\ufeff', '\u00a0', '\u2028', '\u0000', '\u001f', '\u007f', '"a":', '1', '//', "'", 'é', '😀', '\ud800']

const PLANS = [
  [{ fields: 'a/ssn,*/b', with: { type: 'keep-last', count: 4 } }],
  [{ fields: 'a,*/a', with: { type: 'remove' } }],
  [
    { fields: 'n', with: { type: 'null' } },
    { anywhere: ['c', 'ssn'], with: { type: 'constant', value: 'X' } },
    { detect: ['payment-card', 'us-ssn', 'email'], with: { type: 'default' } },
  ],
].map((rules) => compilePlan(rules as readonly MaskRule[]))
PLANS.push(compilePlan([], { only: ['a/b,t', '*/ssn'] }))
PLANS.push(compilePlan([{ anywhere: ['a'], detect: ['email'], with: { type: 'null' } }], { only: ['a/b,n', 'u'] }))

interface Mutation {
  readonly at: number
  readonly drop: number
  readonly insert: string
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(80),
  drop: fc.nat(2),
  insert: fc.oneof(fc.constant(''), fc.constantFrom(...PIECES, ...ODD)),
})
const mutated = fc.tuple(fc.constantFrom(...SEEDS), fc.array(mutation, { maxLength: 3 })).map(([seed, mutations]) =>
  mutations.reduce((text, { at, drop, insert }) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + insert + text.slice(place + drop)
  }, seed),
)

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

// An object holds such a number rounded, and hides it where its digits could be a card's: bytes know better.
function holdsRoundedNumber(text: string): boolean {
  return (text.match(/\d{16,}/g) ?? []).some((digits) => !Number.isSafeInteger(Number(digits)))
}

test('bytes are taken exactly when JSON.parse takes them, and mean what the masked object means', () => {
  fc.assert(
    fc.property(mutated, fc.constantFrom(...PLANS), (source, plan) => {
      const bytes = Buffer.from(source)
      const text = bytes.toString()
      const result = maskJsonBytes(plan, bytes)
      expect(result.status !== 'withheld').toBe(parses(text))
      if (result.status === 'withheld' || holdsRoundedNumber(text)) return
      const value: unknown = JSON.parse(text)
      const onObject = maskJsonValue(plan, value)
      const shown: unknown = result.status === 'masked' ? JSON.parse(result.bytes.toString()) : value
      expect(onObject.status === 'masked' ? onObject.value : value).toEqual(shown)
    }),
    { numRuns: RUNS },
  )
})

test('any bytes give a result, and only valid UTF-8 of a JSON text is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), fc.constantFrom(...PLANS), (bytes, plan) => {
      const text = Buffer.from(bytes).toString()
      const sound = Buffer.from(text).equals(bytes) && parses(text)
      expect(maskJsonBytes(plan, bytes).status !== 'withheld').toBe(sound)
    }),
    { numRuns: RUNS },
  )
})

test('bytes outside of what is masked are untouched', () => {
  const plan = compilePlan([{ anywhere: ['hide'], with: { type: 'constant', value: 'X' } }])
  const space = fc.stringMatching(/^[ \n\t\r]{0,2}$/)
  const scalar = fc.constantFrom(
    '1.0',
    '-0',
    '1E+2',
    '"\\u0041\\/"',
    '12345678901234567890',
    'null',
    '"é"',
    '[ ]',
    '{ "k":1.10 }',
  )
  const member = fc.record({ key: fc.constantFrom('"a"', '"hide"', '"h\\u0069de"', '"2"', '"a"'), space, scalar })
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), (members) => {
      const write = (shownOf: (hidden: boolean, scalar: string) => string): string =>
        members
          .map(
            ({ key, space: gap, scalar: value }) =>
              `${gap}${key}${gap}:${gap}${shownOf(key.includes('h'), value)}${gap}`,
          )
          .join(',')
      const hidden: Readonly<Record<string, string>> = { n: 'null', '"': '"X"', '[': '[ ]', '{': '{}' }
      const record = `{${write((_hide, value) => value)}}`
      const want = `{${write((hide, value) => (hide ? (hidden[value.charAt(0)] ?? '0') : value))}}`
      const result = maskJsonBytes(plan, Buffer.from(record))
      const shown = result.status === 'masked' ? result.bytes.toString() : record
      expect(result.status).not.toBe('withheld')
      // A number that is 0 already stays as it is written.
      expect(shown.replaceAll('-0', '0')).toBe(want.replaceAll('-0', '0'))
    }),
    { numRuns: Math.min(RUNS, 2_000) },
  )
})
