import {
  compileRecordPlan,
  type KeepList,
  maskRecordHeader,
  maskRecordKey,
  maskRecordValue,
  parseSelector,
} from '@headgate/masking'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../canonical.ts'
import type { PolicyDocument } from '../../document/document.ts'
import { parsePolicy } from '../../document/parse-policy.ts'
import type { ProtectionMask, UnmaskRight } from '../../document/protection.ts'
import { fieldPathsOf } from '../../field-path.ts'
import { Operation } from '../../operation.ts'
import { ALL_PARTITIONS, decide } from '../../program/decide.ts'
import type { Decision, MaskObligation } from '../../program/decision.ts'
import { namesOf } from '../diff/diff-policies.ts'
import { programOf } from '../diff/point.ts'
import { findIdleMasks, type IdleMask, idleMasks } from './idle-masks.ts'

const numRuns = Math.ceil(Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 2000) / 8)
const timeout = Math.max(240_000, numRuns * 200)

function documentOf(topics: readonly object[]): PolicyDocument {
  const rules = [{ id: 'all', who: 'everyone', may: { consume: ['*'], produce: ['*'], replay: ['*'] } }]
  const result = parsePolicy({ path: 'policy.yaml', text: JSON.stringify({ topics, rules }, undefined, 1) }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.document
}

const codes = (...topics: object[]): string[] =>
  findIdleMasks(documentOf(topics)).map(({ code, message }) => `${code} ${message.split(' to no effect')[0]}`)

const masked = (match: string, fields: string, strategy: unknown = 'remove', more: object = {}): object => ({
  match: [match],
  format: 'json',
  mask: [{ fields, with: strategy, ...more }],
})

test('a mask is idle where a stronger one hides the same wherever it applies, and nowhere else', () => {
  const weak = masked('orders', 'card/number', 'last-4')
  expect(codes(weak, masked('o*', 'card/number'))).toEqual(['idle-mask `orders` masks `card/number` (last-4)'])
  expect(codes(masked('o*', 'card/number', 'last-4'), masked('orders', 'card/number'))).toEqual([])
  expect(codes(weak, masked('orders', 'card/number', 'last-2'))).toHaveLength(1)
  expect(codes(weak, masked('orders', 'card/number', 'first-4'))).toEqual([])
  expect(codes(weak, masked('orders', 'card/number', 'remove', { on: ['produce'] }))).toEqual([])
  expect(codes(weak, masked('orders', 'card/*'))).toHaveLength(1)
  // What stands in the place of `card` is hidden by the one with its name alone.
  expect(codes(weak, masked('orders', '*/number'))).toEqual([])
})

test('between them two masks hide a third, each for some of its topics', () => {
  const third = { match: ['a', 'b'], mask: [{ headers: ['h'], with: 'last-4' }] }
  const [one, two] = ['a', 'b'].map((name) => ({ match: [name], mask: [{ headers: ['H'], with: 'remove' }] }))
  expect(codes(third, one ?? {})).toEqual([])
  expect(codes(third, one ?? {}, two ?? {})).toEqual(['idle-mask `a,b` masks `header:h` (last-4)'])
})

test('a selector below something that is hidden, however that is', () => {
  const below = masked('orders', 'a,card(number,cvv)')
  expect(codes(below, masked('*', 'card', 'last-4'))).toEqual([
    'hidden-selector `orders` masks `card/cvv`, `card/number` (remove)',
  ])
  expect(codes(below, masked('*', 'x/card'))).toEqual([])
  expect(codes(masked('orders', 'card/number/iin'), below)).toHaveLength(1)
})

test('of two that are the same the later is told, with its place', () => {
  const [first, second] = [masked('orders', 'a'), masked('orders', 'a')]
  const found = findIdleMasks(documentOf([first, second]))
  const line = documentOf([first, second]).topics[1]?.source.line
  expect(found.map((finding) => [finding.code, finding.line])).toEqual([['idle-mask', line]])
})

test('a mask that is the reason why unreadable records are withheld is not idle', () => {
  const strict = masked('orders', 'a', 'last-4')
  const placeholder = { ...masked('*', 'a'), 'on-unreadable': 'placeholder' }
  expect(codes(strict, placeholder)).toEqual([])
  expect(codes(strict, masked('*', 'a'))).toHaveLength(1)
})

const paths = ['a', 'b', 'b/c', 'b(c,d)', 'a,b/c', 'b/c/d', 'b/*', '*', '*/c', 'b/*/d', '*/*', 'k1']
const strategies = ['remove', null, 'default', { constant: 'x' }, 'email', 'first-2', 'last-2', 'last-4']
const some = <T>(...items: T[]): fc.Arbitrary<T[]> => fc.subarray(items, { minLength: 1 })
const thing: fc.Arbitrary<object> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ fields: fc.constantFrom(...paths) }) },
  fc.record({ anywhere: some('k1', 'k2') }),
  fc.record({ detect: some('email', 'us-ssn') }),
  fc.record({ headers: some('h1', 'h2') }),
  fc.constant({ key: true }),
)
const entry = fc
  .record(
    {
      match: some('t', 't*', 'u', '*'),
      mask: fc.array(
        fc
          .tuple(thing, fc.constantFrom(...strategies), fc.constantFrom(undefined, ['consume', 'produce']))
          .map(([each, strategy, on]) => ({ ...each, with: strategy, ...(on && !('key' in each) ? { on } : {}) })),
        { minLength: 1, maxLength: 3 },
      ),
      'on-unreadable': fc.constantFrom('withhold', 'placeholder'),
    },
    { requiredKeys: ['match', 'mask'] },
  )
  .map((each) => ({ ...each, format: 'json' }))
const topics = fc.array(entry, { minLength: 2, maxLength: 4 })

const leaf = fc.constantFrom<unknown>('ada@example.com', '123-45-6789 x', 'long enough a text', 42, true, null, [], {})
const value = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('node'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'k1', 'k2', 'x'), tie('node'), { maxKeys: 4 }),
  ),
})).node

const right: fc.Arbitrary<UnmaskRight | undefined> = fc.option(
  fc.record(
    {
      fields: some('a', 'b', 'b/c', '*', 'b/*', 'b/c/d'),
      anywhere: some('k1'),
      detect: some('email' as const),
      headers: some('h1'),
      key: fc.constant(true as const),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
)

function canonical(named: readonly string[]): string {
  const result = parseSelector(named.join())
  if (!result.ok) throw new Error('a selector')
  return result.selector.canonical
}

/** Lists of what is shown come before masks, and hide what is not in them. */
const keepList: fc.Arbitrary<KeepList | undefined> = fc.option(
  fc.record({
    fields: fc.subarray(['a', 'b/c', 'b/*', '*/d', 'x']),
    headers: fc.subarray(['h1', 'h2']),
    key: fc.boolean(),
  }),
  { nil: undefined },
)

/** A policy as its author would leave it: without what is told, and with no say on unreadable records where an entry masks no more. */
function without(document: PolicyDocument, idle: readonly IdleMask[]): PolicyDocument {
  const isLeft = (mask: ProtectionMask, word: string): boolean =>
    !idle.some((each) => each.mask === mask && each.word === word)
  const leftOf = (mask: ProtectionMask): ProtectionMask[] => {
    if (!idle.some((each) => each.mask === mask)) return [mask]
    const { fields, anywhere, detect, headers, key, ...rest } = mask
    const named = <T extends string>(kind: string, names: readonly T[]): T[] =>
      names.filter((name) => isLeft(mask, `${kind}:${name}`))
    if (fields !== undefined) {
      const left = fieldPathsOf(fields).filter((path) => isLeft(mask, path))
      return left.length === 0 ? [] : [{ ...rest, fields: canonical(left) }]
    }
    if (anywhere !== undefined)
      return [{ ...rest, anywhere: named('anywhere', anywhere) }].filter((m) => m.anywhere.length > 0)
    if (detect !== undefined) return [{ ...rest, detect: named('detect', detect) }].filter((m) => m.detect.length > 0)
    if (headers !== undefined)
      return [{ ...rest, headers: named('header', headers) }].filter((m) => m.headers.length > 0)
    return key === true && isLeft(mask, 'key') ? [mask] : []
  }
  const left = document.topics.map(({ onUnreadable, ...topic }) => {
    const mask = topic.mask.flatMap(leftOf)
    const isSaid = onUnreadable !== undefined && (mask.length > 0 || onUnreadable === 'placeholder')
    return { ...topic, mask, ...(isSaid ? { onUnreadable } : {}) }
  })
  return { ...document, topics: left }
}

function shown(mask: MaskObligation | undefined, records: readonly unknown[]): unknown {
  if (mask === undefined) return 'all'
  const plan = compileRecordPlan(mask)
  const text = (result: object): string => {
    if (!('bytes' in result) || result.bytes === null) return canonicalJson(result)
    return Buffer.from(result.bytes as Uint8Array).toString()
  }
  const [key, header] = [Buffer.from('a key of some length'), Buffer.from('write to ada@example.com')]
  return {
    format: mask.format,
    onUnreadable: mask.onUnreadable,
    values: records.map((each) => text(maskRecordValue(plan, Buffer.from(JSON.stringify(each))))),
    key: text(maskRecordKey(plan, key)),
    headers: ['h1', 'h2', 'h3'].map((name) => text(maskRecordHeader(plan, name, header))),
  }
}

function meaning({ effect, reason, ruleIds, obligations }: Decision, records: readonly unknown[]): object {
  const { audit, approvals, mask } = obligations ?? {}
  return { effect, reason, ruleIds, audit, approvals, mask: shown(mask, records) }
}

test('without what is told no decision is another one, and no record is shown otherwise', {
  timeout,
}, () => {
  const told = new Map<string, number>()
  fc.assert(
    fc.property(
      topics,
      right,
      keepList,
      fc.array(value, { minLength: 12, maxLength: 12 }),
      (written, unmask, only, records) => {
        const policy = documentOf(written)
        const rules = policy.rules.map((rule) => ({
          ...rule,
          ...(unmask === undefined ? {} : { unmask }),
          ...(only === undefined ? {} : { only }),
        }))
        const document = { ...policy, rules }
        const idle = idleMasks(document)
        for (const { because } of idle) told.set(because, (told.get(because) ?? 0) + 1)
        fc.pre(idle.length > 0)
        const ada = { issuer: 'corp', subject: 'ada', groups: [] }
        const [was, is] = [document, without(document, idle)].map((each) => programOf(each, ada))
        if (was === undefined || is === undefined) throw new Error('two')
        for (const { name } of namesOf([document], 'topic')) {
          for (const operation of [Operation.Read, Operation.Write, Operation.Replay, Operation.Describe]) {
            const [before, after] = [was, is].map((program) =>
              meaning(decide(program, 'topic', operation, name, ALL_PARTITIONS), records),
            )
            expect(after).toEqual(before)
          }
        }
      },
    ),
    { numRuns },
  )
  expect(told.get('same')).toBeGreaterThan(numRuns / 10)
  expect(told.get('above')).toBeGreaterThan(numRuns / 10)
})
