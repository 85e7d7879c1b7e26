import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from './config-fixture.ts'
import { loadGatewayConfig } from './load-config.ts'

let folder: ConfigFolder
const canary = Buffer.from(`canary-${'x'.repeat(40)}`).toString('base64url')

beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

function load(section: string): ReturnType<typeof loadGatewayConfig> {
  return loadGatewayConfig(folder.write('masking.yaml', `${folder.sound}${section}\n`), {
    environment: { LEDGER_PASSWORD: 'ledger' },
  })
}

function writeKey(name: string, jwk: unknown): void {
  folder.write(name, JSON.stringify(jwk))
}

test('keys for tokens are read in their order, the current one first', () => {
  const next = randomBytes(32)
  writeKey('current.json', { kty: 'oct', kid: '2026-11', k: canary })
  writeKey('older.json', { kty: 'oct', kid: '2026-10', k: next.toString('base64url'), alg: 'HS256' })
  const result = load('masking: { tokenKeys: [{ file: current.json }, { file: older.json }] }')
  const keys = result.ok ? result.config.masking.tokenKeys : []
  expect(keys.map(({ kid }) => kid)).toEqual(['2026-11', '2026-10'])
  expect(Buffer.from(keys[1]?.secret.reveal() ?? []).equals(next)).toBe(true)
  expect(inspect(keys, { depth: 9 })).not.toContain('canary')
})

test('without the section there are no keys', () => {
  const result = load('')
  expect(result.ok && result.config.masking.tokenKeys).toEqual([])
})

test.each([
  ['another type', { kty: 'EC', kid: 'a', k: canary }],
  ['no kid', { kty: 'oct', k: canary }],
  ['a kid that cannot stand in a token', { kty: 'oct', kid: 'a_b', k: canary }],
  ['a short key', { kty: 'oct', kid: 'a', k: canary.slice(0, 20) }],
  ['no base64url', { kty: 'oct', kid: 'a', k: `${canary}=+/` }],
  ['no object', 'text'],
])('a key of %s is refused, and not repeated', (_name, jwk) => {
  writeKey('wrong.json', jwk)
  const result = load('masking: { tokenKeys: [{ file: wrong.json }] }')
  const problems = result.ok ? [] : result.problems
  expect(problems.map(({ code }) => code)).toEqual(['ERR_GATEWAY_CONFIG_KEY_INVALID'])
  expect(JSON.stringify(problems)).not.toContain(canary.slice(0, 12))
})

test('a kid that stands twice is refused', () => {
  writeKey('one.json', { kty: 'oct', kid: 'same', k: canary })
  const result = load('masking: { tokenKeys: [{ file: one.json }, { file: one.json }] }')
  expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(['ERR_GATEWAY_CONFIG_DUPLICATE'])
})
