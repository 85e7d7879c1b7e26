import { Secret } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KafkaMessage } from '#kafkajs'
import { anyMessage, anyOnUnreadable, anyRecordRules } from '../testing/arbitraries.ts'
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

test('of a record a keep-list leaves what it names; a tombstone and a placeholder stay what they are', () => {
  const only = { fields: ['id'], headers: ['trace-id'], key: false }
  const mask = clientMask(obligationOf({ only }, 'placeholder'))
  const empty = null as unknown as Buffer
  const headers = {
    'Trace-Id': text('t'),
    'x-user': text('ada'),
    none: empty,
    some: [empty, text('x')],
    'trace-id': empty,
  }
  const tally = new MaskTally()
  const shown = maskIncoming(mask, messageOf({ key: text('k'), value: text('{"id":1.0,"ssn":2}'), headers }), tally)

  expect(shown).toMatchObject({ key: null, value: text('{"id":1.0}') })
  expect(shown?.headers).toEqual({ 'Trace-Id': text('t'), 'trace-id': null })
  expect([tally.maskedCount, tally.fields]).toEqual([6, ['only']])

  expect(maskOnce(mask, messageOf({ key: text('k'), value: null }))).toMatchObject({ key: null, value: null })
  const placeholder = {
    value: text('{"headgate-withheld":"not-json"}'),
    headers: { 'headgate-withheld': text('not-json') },
  }
  expect(maskOnce(mask, messageOf(placeholder))).toMatchObject(placeholder)
  for (const format of ['text', 'opaque'] as const)
    expect(maskOnce(clientMask(obligationOf({ format, only }, 'withhold')), messageOf({ value: text('{}') }))).toBe(
      undefined,
    )
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

const [rules, message] = [anyRecordRules, anyMessage(token)]
const runs = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 2_000)

test('what the gateway has masked comes out unchanged, by every strategy and of every record [masked-twice-is-masked-once]', () => {
  fc.assert(
    fc.property(rules, anyOnUnreadable, message, (given, unreadable, record) => {
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
    fc.property(rules, anyOnUnreadable, message, (given, unreadable, record) => {
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
