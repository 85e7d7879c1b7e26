import { Secret } from '@headgate/core'
import { expect, test } from 'vitest'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { createWholeMasker } from './whole-masker.ts'

const tokenKeys = [{ kid: 'k1', secret: new Secret(Buffer.alloc(32, 7)) }]

function shown(strategy: MaskStrategy, value: string | Buffer): string | null | undefined {
  const result = createWholeMasker(strategy, { tokenKeys }).mask(Buffer.from(value))
  return result.status === 'masked' ? (result.bytes?.toString() ?? null) : result.status
}

test.each<[MaskStrategy, string, string | null]>([
  [{ type: 'remove' }, 'ada', 'removed'],
  [{ type: 'null' }, 'ada', null],
  [{ type: 'default' }, 'ada', ''],
  [{ type: 'default' }, '', 'unchanged'],
  [{ type: 'constant', value: 'x' }, 'ada', 'x'],
  [{ type: 'constant', value: 7 }, 'ada', '7'],
  [{ type: 'constant', value: 'x' }, 'x', 'unchanged'],
  [{ type: 'keep-last', count: 4 }, '4111-1111-1111-1111', '****-****-****-1111'],
  [{ type: 'keep-last', count: 4 }, '12345', '*****'],
  [{ type: 'email' }, 'ada@example.com', 'a***@example.com'],
])('%o of `%s` is `%s`', (strategy, value, expected) => {
  expect(shown(strategy, value)).toBe(expected)
})

test('a token is the same for the same value, stays as it is, and differs for bytes that are no text', () => {
  const strategy: MaskStrategy = { type: 'token', label: 'user' }
  const token = shown(strategy, 'ada') ?? ''
  expect(token).toMatch(/^hgt1_k1_/)
  expect(shown(strategy, 'ada')).toBe(token)
  expect(shown(strategy, token)).toBe('unchanged')
  const ofBytes = [Buffer.from([0xff]), Buffer.from([0xfe])].map((bytes) => shown(strategy, bytes))
  expect(new Set([token, ...ofBytes]).size).toBe(3)
})

test('without a key for tokens the value is withheld', () => {
  const masker = createWholeMasker({ type: 'token', label: 'user' })
  expect(masker.mask(Buffer.from('ada'))).toMatchObject({ status: 'withheld', reason: 'token-key-missing' })
})

test.each<MaskStrategy>([{ type: 'keep-first', count: 4 }, { type: 'email' }])(
  'bytes that are no text are hidden whole by %o',
  (strategy) => {
    expect(shown(strategy, Buffer.from([0x34, 0x31, 0xff, 0x31, 0x31, 0x31, 0x31, 0x31, 0x31]))).toBe('')
  },
)
