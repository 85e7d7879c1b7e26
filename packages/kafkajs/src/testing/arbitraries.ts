import { detectorNames, type KeepList, type MaskRule, type MaskStrategy, type RecordRules } from '@headgate/masking'
import fc from 'fast-check'
import type { IHeaders, KafkaMessage } from '#kafkajs'
import { messageOf } from './obligations.ts'

const text = (value: string): Buffer => Buffer.from(value)

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
const only: fc.Arbitrary<KeepList> = fc.record({
  fields: fc.subarray(['a', 'a/b', '*/ssn', 'card(a,b)', 'ssn', '*']),
  headers: fc.subarray(['x-user', 'H', 'note']),
  key: fc.boolean(),
})
/** Rules for whole records: every format, every strategy, with a list of what is kept and without. */
export const anyRecordRules: fc.Arbitrary<RecordRules> = fc.record({
  format: fc.constantFrom('json', 'text', 'opaque'),
  value: fc.array(rule, { maxLength: 3 }),
  headers: fc.array(fc.record({ name: fc.constantFrom('x-user', 'h', 'H'), with: strategy }), { maxLength: 3 }),
  key: fc.option(strategy, { nil: undefined }),
  only: fc.option(only, { nil: undefined }),
})

/** What protections do with what cannot be read. */
export const anyOnUnreadable: fc.Arbitrary<'withhold' | 'placeholder'> = fc.constantFrom('withhold', 'placeholder')

const words = ['4111 1111 1111 1111', 'x 123-45-6789', 'ada@example.com', 'ada', '', '{"ssn":"1"}', '***']
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

/** Fetched records: documents, texts and bytes that rules find, and a token that a gateway made. */
export function anyMessage(token: string): fc.Arbitrary<KafkaMessage> {
  const bytes = fc.oneof(
    document.map((value) => text(JSON.stringify(value))),
    fc.constantFrom(...words, token).map(text),
    fc.uint8Array({ maxLength: 12 }).map((value) => Buffer.from(value)),
  )
  const headers: fc.Arbitrary<IHeaders> = fc.dictionary(
    fc.constantFrom('x-user', 'X-USER', 'h', 'note', 'headgate-withheld', '__proto__'),
    fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 3 })),
    { maxKeys: 4 },
  )
  return fc.record({ key: fc.option(bytes), value: fc.option(bytes), headers }).map((parts) => messageOf(parts))
}
