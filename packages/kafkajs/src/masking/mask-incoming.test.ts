import { Secret } from '@headgate/core'
import { detectorNames, type MaskRule, type MaskStrategy, type RecordRules } from '@headgate/masking'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { IHeaders, KafkaMessage } from '#kafkajs'
import { clientMask, decideBy, gatewayMask, maskOnce, messageOf, obligationOf } from '../testing/obligations.ts'
import { maskIncoming } from './mask-incoming.ts'
import { MaskTally } from './mask-tally.ts'
import { TopicMasks } from './topic-mask.ts'

const tokenKeys = [{ kid: 'k1', secret: new Secret(new Uint8Array(32).fill(7)) }]
const text = (value: string): Buffer => Buffer.from(value)

const ordersMasked = `
topics:
  - match: [orders]
    format: json
    mask:
      - { fields: "customer/ssn", with: last-4 }
      - { headers: [x-user], with: remove }
      - { detect: [payment-card], with: { constant: "[card]" } }
      - { key: true, with: { token: user } }
rules:
  - { id: reads, who: { subjects: [orders] }, may: { consume: [orders, plain], as: ["orders-*"] } }
`
const tokenRules = obligationOf({ key: { type: 'token', label: 'user' } }, 'withhold')
const token = `${maskOnce(gatewayMask(tokenRules, tokenKeys), messageOf({ key: text('c-7') }))?.key}`

test('a record is masked as the policy says, and the given one is not changed [masked-twice-is-masked-once]', () => {
  const decision = decideBy(ordersMasked, 'orders')
  const masks = new TopicMasks()
  const mask = masks.of(decision)
  expect(masks.of(decision)).toBe(mask)
  expect(masks.of(decideBy(ordersMasked, 'plain'))).toBe(undefined)

  const given = messageOf({
    key: text(token),
    value: text('{"customer":{"ssn":"123-45-6789"},"n":1.0}'),
    headers: { 'X-User': text('ada'), note: [text('4111111111111111'), text('b')], 'headgate-withheld': text('x') },
  })
  const before = structuredClone(given)
  const tally = new MaskTally()
  const shown = maskIncoming(mask ?? clientMask(obligationOf({}, 'withhold')), given, tally)

  expect(`${shown?.value}`).toBe('{"customer":{"ssn":"***-**-6789"},"n":1.0}')
  expect(shown?.headers).toEqual({ note: [text('[card]'), text('b')] })
  expect(shown?.key).toBe(given.key)
  expect(structuredClone(given)).toEqual(before)
  expect([...tally.fields].sort()).toEqual(['customer/ssn', 'detect:payment-card', 'header:x-user'])
})

test('a tombstone stays one', () => {
  const mask = clientMask(obligationOf({ value: [{ fields: 'a', with: { type: 'remove' } }] }, 'placeholder'))
  expect(maskOnce(mask, messageOf({ value: null, key: text('k') }))).toMatchObject({ value: null, key: text('k') })
})

test('what cannot be masked is not shown, or a placeholder is, and nothing is counted as masked', () => {
  const rules = {
    value: [{ fields: 'a', with: { type: 'null' } }],
    headers: [{ name: 'h', with: { type: 'default' } }],
  } as const
  const given = messageOf({ key: text('k'), value: text('{"a":'), headers: { h: text('secret') } })
  const tally = new MaskTally()

  expect(maskIncoming(clientMask(obligationOf(rules, 'withhold')), given, tally)).toBe(undefined)
  expect([tally.reasons, tally.fields]).toEqual([{ 'not-json': 1 }, []])
  expect(maskOnce(clientMask(obligationOf(rules, 'placeholder')), given)).toEqual({
    key: text('k'),
    value: text('{"headgate-withheld":"not-json"}'),
    headers: { 'headgate-withheld': text('not-json') },
    timestamp: '1',
    attributes: 0,
    offset: '7',
  })
})

test('clear text where a token should be is withheld, with its key', () => {
  const obligation = obligationOf({ key: { type: 'token', label: 'user' } }, 'placeholder')
  expect(maskOnce(clientMask(obligation), messageOf({ key: text('ada'), value: text('1') }))).toMatchObject({
    key: null,
    value: text('{"headgate-withheld":"token-key-missing"}'),
  })
})

test('a mask that cannot be made withholds everything', () => {
  const broken = obligationOf({ value: [{ fields: 'a..b', with: { type: 'null' } }] }, 'withhold')
  expect(maskOnce(clientMask(broken), messageOf({ value: text('{}') }))).toBe(undefined)
})

const strategy: fc.Arbitrary<MaskStrategy> = fc.oneof(
  fc.constantFrom<MaskStrategy>({ type: 'remove' }, { type: 'null' }, { type: 'default' }, { type: 'email' }),
  fc.constantFrom<MaskStrategy>({ type: 'token', label: 'user' }, { type: 'token', label: 'card' }),
  fc.record({ type: fc.constantFrom('keep-first', 'keep-last'), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    type: fc.constant('constant'),
    value: fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean()),
  }),
)
const names = ['a', 'b', 'ssn', 'card', 'headgate-withheld']
const rule: fc.Arbitrary<MaskRule> = fc.oneof(
  fc.record({ fields: fc.constantFrom('a', 'a/b', '*/ssn', 'card(a,b)', 'ssn'), with: strategy }),
  fc.record({ anywhere: fc.subarray(names, { minLength: 1 }), with: strategy }),
  fc.record({ detect: fc.subarray([...detectorNames], { minLength: 1 }), with: strategy }),
)
const rules: fc.Arbitrary<RecordRules> = fc.record({
  format: fc.constantFrom('json', 'text', 'opaque'),
  value: fc.array(rule, { maxLength: 3 }),
  headers: fc.array(fc.record({ name: fc.constantFrom('x-user', 'h', 'H'), with: strategy }), { maxLength: 3 }),
  key: fc.option(strategy, { nil: undefined }),
})

const words = ['4111 1111 1111 1111', 'x 123-45-6789', 'ada@example.com', 'ada', '', '{"ssn":"1"}', token, '***']
const scalar = fc.oneof(
  fc.constantFrom(...words),
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const document = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('node'), { maxKeys: 3 }),
  ),
})).node
const bytes = fc.oneof(
  document.map((value) => text(JSON.stringify(value))),
  fc.constantFrom(...words).map(text),
  fc.uint8Array({ maxLength: 12 }).map((value) => Buffer.from(value)),
)
const headers: fc.Arbitrary<IHeaders> = fc.dictionary(
  fc.constantFrom('x-user', 'X-USER', 'h', 'note', 'headgate-withheld', '__proto__'),
  fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 3 })),
  { maxKeys: 4 },
)
const message = fc.record({ key: fc.option(bytes), value: fc.option(bytes), headers }).map((parts) => messageOf(parts))
const onUnreadable = fc.constantFrom('withhold' as const, 'placeholder' as const)
const runs = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 3_000)

test('what the gateway has masked comes out unchanged, by every strategy and of every record [masked-twice-is-masked-once]', () => {
  fc.assert(
    fc.property(rules, onUnreadable, message, (given, unreadable, record) => {
      const obligation = obligationOf(given, unreadable)
      const once = maskOnce(gatewayMask(obligation, tokenKeys), record)
      if (once === undefined) return
      const tally = new MaskTally()
      expect(maskIncoming(clientMask(obligation), once, tally)).toEqual(once)
      expect([tally.maskedCount, tally.withheldCount]).toEqual([0, 0])
    }),
    { numRuns: runs },
  )
})

test('of a record that no gateway masked, nothing is shown that the gateway would not show', () => {
  const parts = ({ key, value, headers: given = {} }: KafkaMessage): unknown => [key, value, given]
  fc.assert(
    fc.property(rules, onUnreadable, message, (given, unreadable, record) => {
      const obligation = obligationOf(given, unreadable)
      const [here, there] = [clientMask(obligation), gatewayMask(obligation, tokenKeys)].map((mask) => {
        const tally = new MaskTally()
        return { shown: maskIncoming(mask, record, tally), tally }
      })
      // Where tokens are wanted the gateway shows them, and the client nothing.
      if (here === undefined || here.tally.reasons['token-key-missing'] === 1) return
      expect(here.shown && parts(here.shown)).toEqual(there?.shown && parts(there.shown))
    }),
    { numRuns: runs },
  )
})
