import { silentLog } from '@headgate/core'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from './token-fixture.ts'

const MINUTE_MS = 60_000
let clock: TestClock
let issuer: TestIssuer
let authenticator: Authenticator

beforeEach(async () => {
  clock = new TestClock()
  issuer = await new TestIssuer(clock).start()
  authenticator = createAuthenticator({ config: testGatewayConfig([testIssuerConfig(issuer)]), log: silentLog, clock })
})
afterEach(() => issuer.close())

async function verdict(
  claims: Readonly<Record<string, unknown>> = {},
  header: object = {},
  key?: CryptoKey,
): Promise<string> {
  const token = await issuer.sign(claims, { ...header }, key)
  return authenticator.verifyToken(token).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  )
}

describe('T5: the keys of an issuer', () => {
  test('many sign-ins at once make one fetch, later ones none [token-pinned]', async () => {
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdict()))
    await verdict()
    expect(new Set(verdicts)).toEqual(new Set(['accepted']))
    expect(issuer.requestsTo('/jwks')).toBe(1)
  })

  test('a flood of unknown key ids makes one fetch in thirty seconds, and known keys go on [token-pinned]', async () => {
    await verdict()
    clock.advance(31_000)
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await verdict({}, { kid: `unknown-${attempt}` })).toBe('ERR_GATEWAY_TOKEN_KEY_UNKNOWN')
    }
    expect(issuer.requestsTo('/jwks')).toBe(2)
    expect(await verdict()).toBe('accepted')
  })

  test('a new key is found by its first token [token-pinned]', async () => {
    await verdict()
    clock.advance(31_000)
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const next = { ...(await exportJWK(publicKey)), kid: 'issuer-2' }
    issuer.answers.set('/jwks', () => ({ status: 200, body: { keys: [issuer.publicJwk, next] } }))
    expect(await verdict({}, { kid: 'issuer-2' }, privateKey)).toBe('accepted')
  })

  test('with the key set down, known keys work for an hour, and the issuer is asked once in thirty seconds [token-pinned]', async () => {
    await verdict()
    issuer.answers.set('/jwks', () => ({ status: 503 }))
    clock.advance(11 * MINUTE_MS)
    for (let attempt = 0; attempt < 10; attempt += 1) expect(await verdict()).toBe('accepted')
    expect(issuer.requestsTo('/jwks')).toBe(2)
    clock.advance(50 * MINUTE_MS)
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    issuer.answers.delete('/jwks')
    clock.advance(MINUTE_MS)
    expect(await verdict()).toBe('accepted')
  })

  test.each([
    ['a redirect', { status: 302, headers: { location: 'http://169.254.169.254/latest' } }],
    [
      'a list of ten thousand keys',
      { status: 200, body: { keys: Array.from({ length: 10_000 }, () => ({ kty: 'EC' })) } },
    ],
    ['a private key', { status: 200, body: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'c' }] } }],
    ['a symmetric key', { status: 200, body: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['a body without end', { status: 200, body: `{"keys":[],"x":"${'x'.repeat(2_000_000)}"}` }],
    ['an error', { status: 404 }],
  ])('%s is not taken [token-pinned]', async (_name, answer) => {
    issuer.answers.set('/jwks', () => answer)
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    expect(issuer.requestsTo('/jwks')).toBe(1)
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    expect(issuer.requestsTo('/jwks')).toBe(1)
  })

  test('a key set behind plaintext is not fetched where plaintext is not allowed [token-pinned]', async () => {
    const strict = testIssuerConfig(issuer, { isPlaintextAllowed: false, jwksUri: `${issuer.url}/jwks` })
    authenticator = createAuthenticator({ config: testGatewayConfig([strict]), log: silentLog, clock })
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    expect(issuer.requests.size).toBe(0)
  })
})
