import { Secret } from '@headgate/core'
import { expect, test } from 'vitest'
import { maskJsonBytes } from '../json/mask-json-bytes.ts'
import { maskJsonValue } from '../object/mask-json-value.ts'
import { compilePlan, type MaskPlan } from '../plan/compile-plan.ts'
import type { TokenKey } from './token.ts'

const keyOf = (kid: string, byte: number): TokenKey => ({ kid, secret: new Secret(Buffer.alloc(32, byte)) })
const [first, second] = [keyOf('2026a', 1), keyOf('2026b', 2)]

function planOf(tokenKeys: readonly TokenKey[], label = 'customer'): MaskPlan {
  return compilePlan([{ fields: 'v', with: { type: 'token', label } }], { tokenKeys })
}

function tokenOf(plan: MaskPlan, value: unknown): unknown {
  const result = maskJsonBytes(plan, Buffer.from(JSON.stringify({ v: value })))
  if (result.status === 'unchanged') return value
  return result.status === 'masked' ? (JSON.parse(result.bytes.toString()) as { v: unknown }).v : result.reason
}

test('a token depends on key, label and value alone, and shows neither value nor length', () => {
  const token = tokenOf(planOf([first]), 'ada')
  expect(token).toMatch(/^hgt1_2026a_[\w-]{22}_[\w-]{11}$/)
  expect(tokenOf(planOf([first, second]), 'ada')).toBe(token)
  const others = [
    tokenOf(planOf([first]), 'Ada'),
    tokenOf(planOf([first], 'other'), 'ada'),
    tokenOf(planOf([second]), 'ada'),
  ]
  expect(new Set([token, ...others]).size).toBe(4)
  expect(tokenOf(planOf([first]), 'a'.repeat(1000))).toHaveLength(String(token).length)
})

test('a token of a known key passes, one that was made up does not', () => {
  const token = String(tokenOf(planOf([first]), 'ada'))
  expect(tokenOf(planOf([second, first]), token)).toBe(token)
  const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  for (const text of [
    forged,
    'hgt1_2026a_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAA',
    `${token} `,
    'hgt1_other_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAA',
  ])
    expect(tokenOf(planOf([first]), text)).not.toBe(text)
  expect(tokenOf(planOf([second]), token)).not.toBe(token)
})

test('without keys a token passes and anything else withholds the record', () => {
  const token = tokenOf(planOf([first]), 'ada')
  expect(tokenOf(planOf([]), token)).toBe(token)
  for (const value of ['ada', 7]) expect(tokenOf(planOf([]), value)).toBe('token-key-missing')
  expect(maskJsonValue(planOf([]), { v: 'ada' })).toMatchObject({ status: 'withheld', reason: 'token-key-missing' })
  expect(maskJsonValue(planOf([]), { v: null }).status).toBe('unchanged')
})

test('numbers keep all their digits in a token of bytes, and objects give the same for safe ones', () => {
  const plan = planOf([first])
  const big = (text: string): string => {
    const result = maskJsonBytes(plan, Buffer.from(`{"v":${text}}`))
    return result.status === 'masked' ? result.bytes.toString() : ''
  }
  expect(big('12345678901234567890')).not.toBe(big('12345678901234567891'))
  expect(big('1.0')).toBe(big('1'))
  const onObject = maskJsonValue(plan, { v: 42 })
  expect(onObject.status === 'masked' && JSON.stringify(onObject.value)).toBe(big('42'))
})

test('a find is turned into a token too, in text and where there is no key', () => {
  const rules = [{ detect: ['email'], with: { type: 'token', label: 'mail' } }] as const
  const text = Buffer.from('{"t":"to ada@example.com"}')
  const result = maskJsonBytes(compilePlan(rules, { tokenKeys: [first] }), text)
  expect(result.status === 'masked' && result.bytes.toString()).toMatch(/"to hgt1_/)
  expect(maskJsonBytes(compilePlan(rules), text)).toMatchObject({ status: 'withheld', reason: 'token-key-missing' })
})
