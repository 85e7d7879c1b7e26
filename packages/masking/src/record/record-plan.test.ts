import { Secret } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { detectorNames } from '../detect/detectors.ts'
import type { MaskPartResult } from '../result.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { placeholderReason, placeholderValue } from './placeholder.ts'
import { compileRecordPlan, maskRecordHeader, maskRecordKey, maskRecordValue, type RecordPlan } from './record-plan.ts'
import type { RecordRules } from './record-rules.ts'

const none: RecordRules = { format: 'json', value: [], headers: [] }
const tokenKeys = [{ kid: 'k1', secret: new Secret(new Uint8Array(32).fill(7)) }]
const last4: MaskStrategy = { type: 'keep-last', count: 4 }
const ssn = { fields: 'ssn', with: last4 }
const cards = { detect: ['payment-card'], with: { type: 'default' } } as const
const text = (value: string): Buffer => Buffer.from(value)
const bad = Buffer.from([0xff, 0xfe])

function show(result: MaskPartResult): unknown {
  if (result.status === 'masked') return result.bytes === null ? null : result.bytes.toString()
  return result.status === 'withheld' ? `withheld: ${result.reason}` : result.status
}

test('rules that say nothing make a plan that does nothing', () => {
  const plan = compileRecordPlan({ ...none, format: 'opaque' })
  expect([plan.isEmpty, plan.masksHeaders, plan.masksKeys]).toEqual([true, false, false])
  expect(maskRecordValue(plan, bad).status).toBe('unchanged')
  expect(compileRecordPlan({ ...none, value: [ssn], unmask: { fields: ['ssn'] } }).isEmpty).toBe(true)
})

test('the value is read in its format', () => {
  const value = (rules: Partial<RecordRules>, bytes: Buffer): unknown =>
    show(maskRecordValue(compileRecordPlan({ ...none, ...rules }), bytes))

  expect(value({ value: [ssn] }, text('{"ssn":"123456789"}'))).toBe('{"ssn":"*****6789"}')
  expect(value({ value: [ssn] }, text(''))).toBe('unchanged')
  expect(value({ format: 'text', value: [cards] }, text('paid by 4111111111111111'))).toBe('paid by ')
  expect(value({ format: 'opaque', value: [cards] }, text('anything'))).toBe('withheld: no-format')
  expect(value({ format: 'opaque', value: [cards] }, text(''))).toBe('unchanged')
})

test('a header with a rule is masked whole, the others by what is detected in them', () => {
  const headers = [
    { name: 'x-user', with: last4 },
    { name: 'x-user', with: { type: 'constant', value: '[user]' } },
    { name: 'x-gone', with: { type: 'remove' } },
    { name: 'x-null', with: { type: 'null' } },
    { name: 'x-mail', with: { type: 'email' } },
  ] as const
  const plan = compileRecordPlan({ ...none, value: [ssn, cards], headers })
  const header = (name: string, bytes: Buffer): unknown => show(maskRecordHeader(plan, name, bytes))

  expect(header('x-user', text('ada'))).toBe('[user]')
  expect(header('x-user', bad)).toBe('[user]')
  expect(header('x-gone', text('ada'))).toBe('removed')
  expect(header('x-null', text('ada'))).toBe(null)
  expect(header('x-mail', text('ada@example.com'))).toBe('a***@example.com')
  expect(header('x-mail', bad)).toBe('')
  expect(header('X-User', text('ada'))).toBe('[user]')
  expect(header('note', text('4111111111111111 ssn'))).toBe(' ssn')
  expect(header('note', bad)).toBe('unchanged')
  expect(header('note', Buffer.concat([bad, text('4111111111111111')]))).toBe('')
  expect(maskRecordHeader(plan, 'x-user', text('ada'))).toMatchObject({
    masked: [{ field: 'header:x-user', count: 1 }],
  })
})

test('a key becomes one token, and without keys for tokens only a token passes', () => {
  const rules: RecordRules = { ...none, key: { type: 'token', label: 'user' } }
  const [gateway, client] = [compileRecordPlan(rules, { tokenKeys }), compileRecordPlan(rules)]
  const token = maskRecordKey(gateway, text('c-7'))
  expect(token).toMatchObject({ status: 'masked', masked: [{ field: 'key', count: 1 }] })
  const bytes = token.status === 'masked' && token.bytes !== null ? token.bytes : bad

  expect(show(maskRecordKey(gateway, bytes))).toBe('unchanged')
  expect(show(maskRecordKey(client, bytes))).toBe('unchanged')
  expect(show(maskRecordKey(client, text('c-7')))).toBe('withheld: token-key-missing')
})

test('of a record a keep-list keeps what it names, and nothing else', () => {
  const only = { fields: ['id'], headers: ['Trace-Id'], key: false }
  const plan = compileRecordPlan({ ...none, only })
  const absent = { status: 'removed', masked: [{ field: 'only', count: 1 }] }

  expect([plan.isEmpty, plan.masksHeaders, plan.masksKeys]).toEqual([false, true, true])
  expect(show(maskRecordValue(plan, text('{"id":1.0,"ssn":2}')))).toBe('{"id":1.0}')
  expect(show(maskRecordHeader(plan, 'trace-ID', text('t')))).toBe('unchanged')
  expect(maskRecordHeader(plan, 'x-user', text('ada'))).toEqual(absent)
  expect(maskRecordHeader(plan, 'x-user', text(''))).toEqual(absent)
  expect(maskRecordKey(plan, text('k'))).toEqual(absent)
  for (const format of ['text', 'opaque'] as const)
    expect(show(maskRecordValue(compileRecordPlan({ ...none, format, only }), text('{}')))).toBe('withheld: no-format')
})

test('an empty keep-list shows a record without members, headers or key', () => {
  const plan = compileRecordPlan({ ...none, only: { fields: [], headers: [], key: false } })
  expect(plan.isEmpty).toBe(false)
  expect(show(maskRecordValue(plan, text('{"id":1}')))).toBe('{}')
  expect(show(maskRecordHeader(plan, '', text('ada')))).toBe('removed')
  expect(show(maskRecordKey(plan, text('k')))).toBe('removed')
})

test('a keep-list lifts no mask of what it keeps', () => {
  const headers = [{ name: 'x-user', with: last4 }]
  const only = { fields: ['ssn', 'note'], headers: ['X-USER', 'note'], key: true }
  const plan = compileRecordPlan({ ...none, value: [ssn, cards], headers, key: last4, only })
  expect(show(maskRecordValue(plan, text('{"ssn":"123456789","a":1}')))).toBe('{"ssn":"*****6789"}')
  expect(show(maskRecordHeader(plan, 'x-user', text('ada lovelace')))).toBe('********lace')
  expect(show(maskRecordHeader(plan, 'note', text('4111111111111111')))).toBe('')
  expect(show(maskRecordHeader(plan, 'other', text('4111111111111111')))).toBe('removed')
  expect(show(maskRecordKey(plan, text('123456789')))).toBe('*****6789')
})

test('a keep-list that lacks a part makes no plan', () => {
  for (const part of ['fields', 'headers']) {
    const only = { fields: [], headers: [], key: true, [part]: undefined } as never
    expect(() => compileRecordPlan({ ...none, only })).toThrow()
  }
})

const strategy: fc.Arbitrary<MaskStrategy> = fc.oneof(
  fc.constantFrom<MaskStrategy>({ type: 'remove' }, { type: 'null' }, { type: 'default' }, { type: 'email' }, last4),
  fc.constantFrom<MaskStrategy>({ type: 'keep-first', count: 2 }, { type: 'token', label: 'user' }),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()).map((value) => ({ type: 'constant', value }) as const),
)
const part = fc.oneof(
  fc.string({ unit: 'grapheme' }).map(text),
  fc.constantFrom('4111 1111 1111 1111', 'a 123-45-6789 b', 'ada@example.com', '[1,"4111111111111111"]').map(text),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
)

test('what is masked stays as it is when it is masked again, with keys for tokens and without', () => {
  const again = (plan: RecordPlan, mask: (plan: RecordPlan, bytes: Uint8Array) => MaskPartResult, first: unknown) =>
    Buffer.isBuffer(first) ? show(mask(plan, first)) : 'unchanged'
  fc.assert(
    fc.property(
      strategy,
      strategy,
      fc.subarray([...detectorNames], { minLength: 1 }),
      part,
      (own, found, detect, bytes) => {
        const value = [{ detect, with: found }]
        const rules: RecordRules = { format: 'text', value, headers: [{ name: 'h', with: own }], key: own }
        const [gateway, client] = [compileRecordPlan(rules, { tokenKeys }), compileRecordPlan(rules)]
        for (const mask of [
          maskRecordValue,
          maskRecordKey,
          (plan: RecordPlan, given: Uint8Array) => maskRecordHeader(plan, 'h', given),
          (plan: RecordPlan, given: Uint8Array) => maskRecordHeader(plan, 'other', given),
        ]) {
          const result = mask(gateway, bytes)
          const first = result.status === 'masked' ? result.bytes : result.status === 'unchanged' ? bytes : undefined
          expect(again(gateway, mask, first)).toBe('unchanged')
          expect(again(client, mask, first)).toBe('unchanged')
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('a placeholder is known to the byte, and by nothing else', () => {
  const value = placeholderValue('not-json')
  expect(value.toString()).toBe('{"headgate-withheld":"not-json"}')
  expect(placeholderReason(value, text('not-json'))).toBe('not-json')
  expect(placeholderReason(value, text('not-utf8'))).toBe(undefined)
  expect(placeholderReason(text('{"headgate-withheld":"ada"}'), text('ada'))).toBe(undefined)
  expect(placeholderReason(text('{"headgate-withheld": "not-json"}'), text('not-json'))).toBe(undefined)
})
