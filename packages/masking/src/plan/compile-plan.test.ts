import { Secret } from '@headgate/core'
import { expect, test } from 'vitest'
import { maskJsonBytes } from '../json/mask-json-bytes.ts'
import { maskTextBytes } from '../json/mask-text-bytes.ts'
import { parseStrategy } from '../strategy/parse-strategy.ts'
import { compilePlan } from './compile-plan.ts'
import type { MaskRule } from './rule.ts'

function codeOf(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

test.each([
  [{ with: { type: 'null' } }, 'ERR_MASKING_RULE_INVALID'],
  [{ anywhere: [''], with: { type: 'null' } }, 'ERR_MASKING_RULE_INVALID'],
  [{ anywhere: [' a'], with: { type: 'null' } }, 'ERR_MASKING_RULE_INVALID'],
  [{ detect: ['everything'], with: { type: 'null' } }, 'ERR_MASKING_RULE_INVALID'],
  [{ fields: '', with: { type: 'null' } }, 'ERR_MASKING_SELECTOR_INVALID'],
  [{ fields: 'a', with: { type: 'shred' } }, 'ERR_MASKING_STRATEGY_INVALID'],
  [{ fields: 'a', with: { type: 'keep-last', count: 0 } }, 'ERR_MASKING_STRATEGY_INVALID'],
  [{ fields: 'a', with: { type: 'keep-last', count: 1.5 } }, 'ERR_MASKING_STRATEGY_INVALID'],
  [{ fields: 'a', with: { type: 'constant', value: {} } }, 'ERR_MASKING_STRATEGY_INVALID'],
  [{ fields: 'a', with: { type: 'token', label: 'Über' } }, 'ERR_MASKING_STRATEGY_INVALID'],
])('the rule %j is refused', (rule, code) => {
  expect(codeOf(() => compilePlan([rule as unknown as MaskRule]))).toBe(code)
})

test('keys and limits are checked', () => {
  const secret = new Secret(Buffer.alloc(32))
  const withKeys = (...tokenKeys: { kid: string; secret: Secret<Uint8Array> }[]): unknown =>
    codeOf(() => compilePlan([], { tokenKeys }))
  expect(withKeys({ kid: 'a_b', secret })).toBe('ERR_MASKING_TOKEN_KEY_INVALID')
  expect(withKeys({ kid: 'a', secret: new Secret(Buffer.alloc(31)) })).toBe('ERR_MASKING_TOKEN_KEY_INVALID')
  expect(withKeys({ kid: 'a', secret }, { kid: 'a', secret })).toBe('ERR_MASKING_TOKEN_KEY_INVALID')
  expect(codeOf(() => compilePlan([], { maxDepth: 513 }))).toBe('ERR_MASKING_RULE_INVALID')
})

test('a plan that grows without bound is refused', () => {
  const fields = Array.from({ length: 14 }, (_, n) => `${'*/'.repeat(n)}a/${'*/'.repeat(16 - n)}x`).join()
  expect(codeOf(() => compilePlan([{ fields, with: { type: 'null' } }]))).toBe('ERR_MASKING_PLAN_TOO_LARGE')
})

test('a keep-list is checked, is never empty, and counts under one name', () => {
  for (const only of [[''], ['a,a/b'], ['a', 'b..c'], ['__proto__'], ['items[*].sku']])
    expect([only, codeOf(() => compilePlan([], { only }))]).toEqual([only, 'ERR_MASKING_SELECTOR_INVALID'])

  for (const only of [[], ['a'], ['*'], ['a', 'a/b', 'a']]) {
    const plan = compilePlan([], { only })
    expect([plan.isEmpty, plan.isKeepList, plan.targets]).toEqual([false, true, ['only']])
    expect(maskJsonBytes(plan, Buffer.from([0xff])).status).toBe('withheld')
    expect(maskTextBytes(plan, Buffer.from('{"a":1}'))).toMatchObject({ status: 'withheld', reason: 'no-format' })
  }
})

test('a keep-list that grows without bound is refused', () => {
  const deep = (leaf: string): string =>
    Array.from({ length: 14 }, (_, n) => `${'*/'.repeat(n)}${leaf}/${'*/'.repeat(16 - n)}x`).join()
  expect(codeOf(() => compilePlan([], { only: [deep('a')] }))).toBe('ERR_MASKING_PLAN_TOO_LARGE')
})

test('a list of many short selectors is made ready in proportion to its length', () => {
  // One by one they would be compared 100 million times.
  const only = Array.from({ length: 10_000 }, (_, n) => `f${n}`)
  const record = '{"f9999":1,"f10000":2}'
  const result = maskJsonBytes(compilePlan([], { only }), Buffer.from(record))
  expect(result.status === 'masked' && result.bytes.toString()).toBe('{"f9999":1}')
})

test('a plan without rules, or whose rules are all lifted, masks nothing and reads nothing', () => {
  const lifted = compilePlan([{ fields: 'a/b', with: { type: 'null' } }], { unmask: { fields: ['a'] } })
  for (const plan of [compilePlan([]), lifted]) {
    expect(plan.isEmpty).toBe(true)
    expect(maskJsonBytes(plan, Buffer.from([0xff])).status).toBe('unchanged')
  }
})

test('a plan is frozen and names what it counts', () => {
  const plan = compilePlan([{ fields: 'b,a(c,d\\.e)', anywhere: ['SSN'], detect: ['email'], with: { type: 'null' } }])
  expect(Object.isFrozen(plan)).toBe(true)
  expect([...plan.targets].sort()).toEqual(['a/c', 'a/d\\.e', 'anywhere:ssn', 'b', 'detect:email'])
})

test.each([
  ['remove', { type: 'remove' }],
  [null, { type: 'null' }],
  ['null', { type: 'null' }],
  ['last-4', { type: 'keep-last', count: 4 }],
  ['first-64', { type: 'keep-first', count: 64 }],
  [{ constant: 'X' }, { type: 'constant', value: 'X' }],
  [{ token: 'card' }, { type: 'token', label: 'card' }],
  [{ type: 'email' }, { type: 'email' }],
])('the strategy %j is read', (source, strategy) => {
  expect(parseStrategy(source)).toEqual(strategy)
})

test.each(['last-0', 'last-65', 'last', 'hash', '', 4, undefined, {}, { constant: null }])(
  'the strategy %j is refused',
  (source) => {
    expect(codeOf(() => parseStrategy(source))).toBe('ERR_MASKING_STRATEGY_INVALID')
  },
)
