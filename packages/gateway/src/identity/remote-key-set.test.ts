import { Secret, silentLog } from '@headgate/core'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { collectLog } from '../control-plane/control-plane-fixture.ts'
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

  test('T5: known keys go on for the grace of the config, without one not at all', async () => {
    for (const [keysMaxStaleMs, later] of [
      [0, 'ERR_GATEWAY_ISSUER_UNAVAILABLE'],
      [5 * MINUTE_MS, 'ERR_GATEWAY_ISSUER_UNAVAILABLE'],
      [20 * MINUTE_MS, 'accepted'],
    ] as const) {
      issuer.answers.clear()
      const config = testGatewayConfig([testIssuerConfig(issuer, { keysMaxStaleMs })])
      authenticator = createAuthenticator({ config, log: silentLog, clock })
      expect(await verdict()).toBe('accepted')
      issuer.answers.set('/jwks', () => ({ status: 503 }))
      clock.advance(11 * MINUTE_MS)
      expect(await verdict()).toBe(later)
    }
  })

  test('T5: an unknown key id while the issuer is down keeps nobody with a known key waiting', async () => {
    await verdict()
    issuer.answers.set('/jwks', () => ({ status: 503 }))
    clock.advance(31_000)
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await verdict({}, { kid: `unknown-${attempt}` })).toBe('ERR_GATEWAY_TOKEN_KEY_UNKNOWN')
      expect(await verdict()).toBe('accepted')
    }
    expect(issuer.requestsTo('/jwks')).toBe(2)
  })

  test('T5: a flood of unknown key ids of an issuer that does not answer keeps nobody with a known key waiting', async () => {
    await verdict()
    let giveUp = (): void => {}
    const silence = new Promise<{ status: number }>((resolve) => {
      giveUp = () => resolve({ status: 503 })
    })
    issuer.answers.set('/jwks', () => silence)
    clock.advance(31_000)
    let settled = 0
    const flood = Array.from({ length: 50 }, (_, attempt) =>
      verdict({}, { kid: `unknown-${attempt}` }).finally(() => {
        settled += 1
      }),
    )
    await vi.waitFor(() => expect(issuer.requestsTo('/jwks')).toBe(2))
    expect(await verdict()).toBe('accepted')
    expect(settled).toBe(0)
    giveUp()
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['ERR_GATEWAY_TOKEN_KEY_UNKNOWN']))
  })

  test('T5: a flood of unknown key ids of an issuer that was never reached makes one fetch', async () => {
    issuer.answers.set('/jwks', () => ({ status: 503 }))
    const codes = await Promise.all(Array.from({ length: 30 }, (_, n) => verdict({}, { kid: `unknown-${n}` })))
    expect(new Set(codes)).toEqual(new Set(['ERR_GATEWAY_ISSUER_UNAVAILABLE']))
    expect(issuer.requestsTo('/jwks')).toBe(1)
  })

  test('T5: discovery that points to another host leads nowhere, and one that the config names is asked', async () => {
    const other = await new TestIssuer(clock).start()
    const elsewhere = other.url.replace('127.0.0.1', 'localhost')
    other.answers.set('/jwks', () => ({ status: 200, body: { keys: [issuer.publicJwk] } }))
    issuer.answers.set('/.well-known/openid-configuration', () => ({
      status: 200,
      body: { issuer: issuer.url, jwks_uri: `${elsewhere}/jwks` },
    }))
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    expect(other.requests.size).toBe(0)
    const config = testGatewayConfig([testIssuerConfig(issuer, { hosts: ['localhost'] })])
    authenticator = createAuthenticator({ config, log: silentLog, clock })
    expect(await verdict()).toBe('accepted')
    await other.close()
  })

  test('T5: discovery that points to the metadata of a cloud leads nowhere, though its host be allowed', async () => {
    const answer = { issuer: issuer.url, jwks_uri: 'http://169.254.169.254/latest/meta-data' }
    issuer.answers.set('/.well-known/openid-configuration', () => ({ status: 200, body: answer }))
    const changes = { hosts: ['169.254.169.254'], isPrivateNetworkAllowed: true }
    const config = testGatewayConfig([testIssuerConfig(issuer, changes)])
    const { log, lines } = collectLog()
    authenticator = createAuthenticator({ config, log, clock })
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    expect(lines).toContainEqual(
      expect.objectContaining({ reason: 'the host has an address that no service is asked at' }),
    )
  })

  test('T5: why an issuer cannot be asked is told to its operator, also where it is discovery that fails', async () => {
    const config = testGatewayConfig([testIssuerConfig(issuer, { issuer: 'http://127.0.0.1:1' })])
    const { log, lines } = collectLog()
    const told = createAuthenticator({ config, log, clock })
    const token = await issuer.sign({ iss: 'http://127.0.0.1:1' })
    await expect(told.verifyToken(token)).rejects.toMatchObject({ code: 'ERR_GATEWAY_ISSUER_UNAVAILABLE' })
    expect(lines).toContainEqual(
      expect.objectContaining({
        event: 'issuer-keys',
        issuer: 'corp',
        reason: expect.stringContaining('ECONNREFUSED'),
      }),
    )
  })

  test('T5: an address in place of the token endpoint that discovery must not name gets no secret', async () => {
    const answer = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks`, token_endpoint: 'http://10.0.0.1/token' }
    issuer.answers.set('/.well-known/openid-configuration', () => ({ status: 200, body: answer }))
    const { log, lines } = collectLog()
    const told = createAuthenticator({ config: testGatewayConfig([testIssuerConfig(issuer)]), log, clock })
    const signIn = told.signInWithClientSecret('orders', new Secret('hunter2'))
    await expect(signIn).rejects.toMatchObject({ code: 'ERR_GATEWAY_ISSUER_UNAVAILABLE' })
    const reason = 'the host is none that the issuer may be asked at: see `hosts`'
    expect(lines).toContainEqual(expect.objectContaining({ event: 'issuer-address', host: '10.0.0.1', reason }))
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })

  test('T5: an issuer that does not answer keeps nobody of another waiting', async () => {
    const other = await new TestIssuer(clock).start()
    let giveUp = (): void => {}
    const silence = new Promise<{ status: number }>((resolve) => {
      giveUp = () => resolve({ status: 503 })
    })
    other.answers.set('/.well-known/openid-configuration', () => silence)
    const partner = testIssuerConfig(other, { name: 'partner', clientCredentials: undefined })
    const config = testGatewayConfig([testIssuerConfig(issuer), partner])
    const both = createAuthenticator({ config, log: silentLog, clock })
    const waiting = await Promise.all(Array.from({ length: 50 }, () => other.sign()))
    const flood = Promise.allSettled(waiting.map((token) => both.verifyToken(token)))
    await expect(both.verifyToken(await issuer.sign())).resolves.toMatchObject({ principal: { issuer: 'corp' } })
    giveUp()
    expect(new Set((await flood).map(({ status }) => status))).toEqual(new Set(['rejected']))
    await other.close()
  })

  test('T3, T5: a key that takes too long to check with is not taken', async () => {
    const key = { kty: 'RSA', e: 'AQAB', n: 'A'.repeat(1_367), kid: 'huge' }
    issuer.answers.set('/jwks', () => ({ status: 200, body: { keys: [issuer.publicJwk, key] } }))
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
  })

  test('a key set behind plaintext is not fetched where plaintext is not allowed [token-pinned]', async () => {
    const strict = testIssuerConfig(issuer, { isPlaintextAllowed: false, jwksUri: `${issuer.url}/jwks` })
    authenticator = createAuthenticator({ config: testGatewayConfig([strict]), log: silentLog, clock })
    expect(await verdict()).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
    expect(issuer.requests.size).toBe(0)
  })
})
