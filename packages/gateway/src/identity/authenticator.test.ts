import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { Secret, silentLog } from '@headgate/core'
import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { GatewayConfig } from '../config/gateway-config.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { GatewayTokens, type MintedToken } from './gateway-token.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from './token-fixture.ts'

const clock = new TestClock()
let issuer: TestIssuer
let config: GatewayConfig
let authenticator: Authenticator

beforeAll(async () => {
  issuer = await new TestIssuer(clock).start()
})
afterAll(() => issuer.close())
beforeEach(() => {
  issuer.requests.clear()
  issuer.answers.clear()
  config = testGatewayConfig([testIssuerConfig(issuer)])
  authenticator = createAuthenticator({ config, log: silentLog, clock })
})

type Claims = Readonly<Record<string, unknown>>

const now = (): number => Math.floor(clock.nowUnixMs() / 1_000)
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: { code?: string }) => error.code ?? String(error),
  )
const verdict = (token: string): Promise<string> => codeOf(authenticator.verifyToken(token))

test('an access token of a configured issuer is a principal of issuer and subject [token-pinned]', async () => {
  const signIn = await authenticator.verifyToken(await issuer.sign())

  expect(signIn).toMatchObject({
    principal: { issuer: 'corp', subject: 'orders', groups: ['producers'] },
    source: 'idp-token',
    expiresAtUnixMs: (now() + 600) * 1_000,
    minimumRevision: 0,
    clientId: 'orders',
  })
})

test('one plain client keeps its session over tokens, and another client has another', async () => {
  const first = await authenticator.verifyToken(await issuer.sign())
  const again = await authenticator.verifyToken(await issuer.sign())
  const other = await authenticator.verifyToken(await issuer.sign({ sub: 'billing', client_id: 'billing' }))

  expect(again.sessionId).toBe(first.sessionId)
  expect(other.sessionId).not.toBe(first.sessionId)
})

test('T11: a token of an issuer whose tokens are taken once is for the token endpoint alone; secrets, and what was exchanged, go on', async () => {
  const { tokens } = config
  const once = { ...config, tokens: { ...tokens, oneTimeIssuers: ['corp'] } }
  authenticator = createAuthenticator({ config: once, log: silentLog, clock })
  const token = await issuer.sign()
  const { principal } = await authenticator.verifySubjectToken({ type: 'access_token', token })
  const minted = await new GatewayTokens(once, clock).mint({
    ...{ principal, clientId: 'orders', sessionId: 'session-1', minimumRevision: 0 },
    notAfterUnixMs: clock.nowUnixMs() + 600_000,
  })

  expect(await verdict(token)).toBe('ERR_GATEWAY_TOKEN_EXCHANGE_ONLY')
  expect(await verdict(await issuer.sign())).toBe('ERR_GATEWAY_TOKEN_EXCHANGE_ONLY')
  // What is wrong with it is told first.
  expect(await verdict(await issuer.sign({ aud: 'payroll' }))).toBe('ERR_GATEWAY_TOKEN_AUDIENCE')
  expect(principal.subject).toBe('orders')
  expect(await verdict(minted.token)).toBe('accepted')
  expect(await codeOf(authenticator.signInWithClientSecret('orders', new Secret('hunter2')))).toBe('accepted')
})

describe('T1: made for somebody else', () => {
  test.each([
    ['the id token of an app', { aud: 'web-app' }, { typ: 'JWT' }, 'ERR_GATEWAY_TOKEN_AUDIENCE|ERR_GATEWAY_TOKEN_TYPE'],
    ['an access token for another API', { aud: 'payroll' }, {}, 'ERR_GATEWAY_TOKEN_AUDIENCE'],
    ['no audience', { aud: undefined }, {}, 'ERR_GATEWAY_TOKEN_AUDIENCE'],
    ['an azp that is not the client', { azp: 'another' }, {}, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['no type', {}, { typ: undefined }, 'ERR_GATEWAY_TOKEN_TYPE'],
  ])('%s [token-pinned]', async (_name, claims, header, codes) => {
    expect(codes.split('|')).toContain(await verdict(await issuer.sign(claims as Claims, header)))
  })
})

describe('T2: times', () => {
  test.each([
    ['no exp', { exp: undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['no iat', { iat: undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['no sub', { sub: undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['no jti', { jti: undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['expired this second', { exp: now() }, 'ERR_GATEWAY_TOKEN_EXPIRED'],
    ['exp in ten years', { exp: now() + 315_360_000 }, 'ERR_GATEWAY_TOKEN_LIFETIME'],
    ['an old token that still has life', { iat: now() - 90_000 }, 'ERR_GATEWAY_TOKEN_LIFETIME'],
    ['iat in the future', { iat: now() + 60 }, 'ERR_GATEWAY_TOKEN_NOT_YET_VALID'],
    ['nbf in the future', { nbf: now() + 60 }, 'ERR_GATEWAY_TOKEN_NOT_YET_VALID'],
    ['iat of a clock that is a little ahead', { iat: now() + 5 }, 'accepted'],
    ['sub of another type', { sub: 7 }, 'ERR_GATEWAY_TOKEN_CLAIM'],
  ])('%s [token-pinned]', async (_name, claims, code) => {
    expect(await verdict(await issuer.sign(claims as Claims))).toBe(code)
  })

  test.each([
    ['exp as a text', '"9999999999"'],
    ['exp beyond every number', '1e999'],
  ])('%s [token-pinned]', async (_name, exp) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    issuer.answers.set('/jwks', async () => ({ status: 200, body: { keys: [await exportJWK(publicKey)] } }))
    const body = `{"iss":"${issuer.url}","aud":"headgate","sub":"a","jti":"1","iat":${now()},"exp":${exp}}`
    const signer = new CompactSign(Buffer.from(body)).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })

    expect(await verdict(await signer.sign(privateKey))).toBe('ERR_GATEWAY_TOKEN_CLAIM')
  })
})

describe('T3: algorithms and headers', () => {
  test('alg none in every spelling [token-pinned]', async () => {
    const unsigned = new UnsecuredJWT({ iss: issuer.url, aud: 'headgate', sub: 'orders' }).encode()
    const [, claims] = (await issuer.sign()).split('.')
    expect(await verdict(unsigned)).toBe('ERR_GATEWAY_TOKEN_MALFORMED')
    for (const alg of ['none', 'None', 'noNE', '', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url')
      expect(await verdict(`${header}.${claims}.AAAA`)).toBe('ERR_GATEWAY_TOKEN_ALGORITHM')
    }
  })

  test('HS256 with the public key as the secret [token-pinned]', async () => {
    const pem = createPublicKey({ key: issuer.publicJwk as JsonWebKey, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    })
    const token = await new SignJWT({ iss: issuer.url, aud: 'headgate', sub: 'orders' })
      .setProtectedHeader({ alg: 'HS256', kid: 'issuer-1', typ: 'at+jwt' })
      .sign(Buffer.from(pem))
    expect(await verdict(token)).toBe('ERR_GATEWAY_TOKEN_ALGORITHM')
  })

  test('a key of another type behind the key id is a refusal, never a TypeError [token-pinned]', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    issuer.answers.set('/jwks', () => ({ status: 200, body: { keys: [{ ...rsa, kid: 'issuer-1' }] } }))
    expect(await verdict(await issuer.sign())).toBe('ERR_GATEWAY_TOKEN_KEY_UNKNOWN')
  })

  test('EdDSA where Ed25519 is pinned [token-pinned]', async () => {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
    const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'ed' }
    issuer.answers.set('/jwks', () => ({ status: 200, body: { keys: [jwk] } }))
    config = testGatewayConfig([testIssuerConfig(issuer, { algorithms: ['Ed25519'] })])
    authenticator = createAuthenticator({ config, log: silentLog, clock })

    expect(await verdict(await issuer.sign({}, { alg: 'EdDSA', kid: 'ed' }, privateKey))).toBe(
      'ERR_GATEWAY_TOKEN_ALGORITHM',
    )
    expect(await verdict(await issuer.sign({}, { alg: 'Ed25519', kid: 'ed' }, privateKey))).toBe('accepted')
  })

  test('critical and unencoded extensions [token-pinned]', async () => {
    const [, claims, signature] = (await issuer.sign()).split('.')
    for (const extra of [{ crit: ['x'], x: 1 }, { b64: false, crit: ['b64'] }, { b64: false }]) {
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'issuer-1', ...extra })).toString(
        'base64url',
      )
      expect(await verdict(`${header}.${claims}.${signature}`)).toBe('ERR_GATEWAY_TOKEN_MALFORMED')
    }
  })

  test('a signature of another key, a changed body, and a key carried in the header [token-pinned]', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(publicKey)
    const [header, , signature] = (await issuer.sign()).split('.')
    const [, changed] = (await issuer.sign({ sub: 'admin' })).split('.')

    expect(await verdict(await issuer.sign({}, {}, privateKey))).toBe('ERR_GATEWAY_TOKEN_SIGNATURE')
    expect(await verdict(`${header}.${changed}.${signature}`)).toBe('ERR_GATEWAY_TOKEN_SIGNATURE')
    expect(await verdict(await issuer.sign({}, { jwk, jku: `${issuer.url}/evil` }, privateKey))).toBe(
      'ERR_GATEWAY_TOKEN_SIGNATURE',
    )
    expect(issuer.requestsTo('/evil')).toBe(0)
  })
})

describe('T4: issuers are not mixed up', () => {
  test('the issuer is compared byte by byte [token-pinned]', async () => {
    expect(await verdict(await issuer.sign({ iss: `${issuer.url}/` }))).toBe('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')
    expect(await verdict(await issuer.sign({ iss: issuer.url.toUpperCase() }))).toBe('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')
    expect(await verdict(await issuer.sign({ iss: undefined }))).toBe('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')
    expect(await verdict(await issuer.sign({ iss: [issuer.url] as never }))).toBe('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')
  })

  test('one issuer cannot speak for another, and equal subjects are two principals [token-pinned]', async () => {
    const other = await new TestIssuer(clock).start()
    config = testGatewayConfig([
      testIssuerConfig(issuer),
      testIssuerConfig(other, { name: 'partner', clientCredentials: undefined }),
    ])
    authenticator = createAuthenticator({ config, log: silentLog, clock })
    const [mine, theirs] = [await issuer.sign(), await other.sign()]

    expect(await verdict(await other.sign({ iss: issuer.url }))).toBe('ERR_GATEWAY_TOKEN_SIGNATURE')
    expect((await authenticator.verifyToken(mine)).principal).toMatchObject({ issuer: 'corp', subject: 'orders' })
    expect((await authenticator.verifyToken(theirs)).principal).toMatchObject({ issuer: 'partner', subject: 'orders' })
    await other.close()
  })

  test('discovery that names another issuer is not believed [token-pinned]', async () => {
    const answer = { issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/jwks` }
    issuer.answers.set('/.well-known/openid-configuration', () => ({ status: 200, body: answer }))
    expect(await verdict(await issuer.sign())).toBe('ERR_GATEWAY_ISSUER_UNAVAILABLE')
  })
})

describe('T9, T10: groups are opaque, and absent is not none', () => {
  test.each([
    ['absent', { groups: undefined }, undefined],
    ['distributed, as an overage is told', { _claim_names: { groups: 'src1' }, _claim_sources: {} }, undefined],
    ['a text', { groups: 'producers admins' }, undefined],
    ['a list with a number', { groups: ['producers', 7] }, undefined],
    ['an object', { groups: { 0: 'producers' } }, undefined],
    ['empty', { groups: [] }, []],
    [
      'odd names',
      { groups: ['a b', 'c,d', '*', '__proto__', 'constructor', 'аdmins'] },
      ['a b', 'c,d', '*', '__proto__', 'constructor', 'аdmins'],
    ],
  ])('%s [token-pinned]', async (_name, claims, groups) => {
    const { principal } = await authenticator.verifyToken(await issuer.sign(claims as Claims))
    expect(principal.groups).toEqual(groups)
  })

  test.each(['__proto__', 'constructor', 'toString'])(
    'a groups claim called %s is read as a claim',
    async (groupsClaim) => {
      config = testGatewayConfig([testIssuerConfig(issuer, { groupsClaim: [groupsClaim] })])
      authenticator = createAuthenticator({ config, log: silentLog, clock })
      expect((await authenticator.verifyToken(await issuer.sign())).principal.groups).toBeUndefined()
    },
  )
})

describe('T9, T10: kinds and claims', () => {
  test('what the config names is read, a text as a list of one; what is absent, elsewhere or no text is unknown', async () => {
    const claims = { department: 'dept', level: 'lvl', place: 'loc', odd: 'odd' }
    config = testGatewayConfig([testIssuerConfig(issuer, { kind: 'human', claims })])
    authenticator = createAuthenticator({ config, log: silentLog, clock })
    const stated = {
      dept: 'risk',
      lvl: ['high', 'a,b', '__proto__'],
      odd: 7,
      _claim_names: { loc: 'src1' },
      loc: ['x'],
    }
    const { principal } = await authenticator.verifyToken(await issuer.sign(stated))
    expect(principal.kind).toBe('human')
    expect(principal.claims).toEqual({ department: ['risk'], level: ['high', 'a,b', '__proto__'] })
  })

  test('they come through a token of the gateway as they were', async () => {
    const claims = { department: ['risk', 'a b'], level: [] }
    const content = {
      principal: { issuer: 'corp', subject: 'ada', groups: [], kind: 'agent' as const, claims },
      clientId: 'ada',
      sessionId: 's',
      minimumRevision: 0,
      notAfterUnixMs: clock.nowUnixMs() + 60_000,
    }
    const { token } = await new GatewayTokens(config, clock).mint(content)
    expect((await authenticator.verifyToken(token)).principal).toMatchObject({ kind: 'agent', claims })
  })
})

describe('T13: cheap checks come first, and nothing of the token comes back', () => {
  test.each([
    ['no token', ''],
    ['two segments', 'abc.def'],
    ['five segments', 'a.b.c.d.e'],
    ['JSON serialization', '{"payload":"x","signatures":[]}'],
    ['a header that is no JSON', 'eyJhbGc.e30.AAAA'],
    ['a header that is a list', `${Buffer.from('[]').toString('base64url')}.e30.AAAA`],
    ['longer than 128 KiB', `e30.${'A'.repeat(131_072)}.AAAA`],
  ])('%s [token-pinned]', async (_name, token) => {
    expect(await verdict(token)).toBe('ERR_GATEWAY_TOKEN_MALFORMED')
    expect(issuer.requests.size).toBe(0)
  })

  test('an error quotes neither the token nor its claims [token-pinned]', async () => {
    const token = await issuer.sign({ aud: 'canary-audience', sub: 'canary-subject' })
    const error = await authenticator.verifyToken(token).catch((caught: Error) => caught)
    const printed = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)

    expect(error).toMatchObject({ code: 'ERR_GATEWAY_TOKEN_AUDIENCE' })
    expect(error).not.toHaveProperty('cause')
    expect(printed).not.toMatch(/canary/)
    for (const segment of token.split('.')) expect(printed).not.toContain(segment)
  })
})

describe('gateway tokens', () => {
  const content = {
    principal: { issuer: 'corp', subject: 'orders', groups: ['producers'] },
    clientId: 'orders-app',
    sessionId: 's-1',
    minimumRevision: 41,
    notAfterUnixMs: Number.MAX_SAFE_INTEGER,
  }

  test('what was minted is what is verified [token-pinned]', async () => {
    const { token, expiresAtUnixMs } = await new GatewayTokens(config, clock).mint(content)
    expect(await authenticator.verifyToken(token)).toEqual({
      principal: content.principal,
      sessionId: 's-1',
      issuedAtUnixMs: now() * 1_000,
      expiresAtUnixMs,
      source: 'gateway-token',
      minimumRevision: 41,
      clientId: 'orders-app',
    })
    expect(issuer.requests.size).toBe(0)
  })

  test('groups that are unknown stay unknown [token-pinned]', async () => {
    const unknown = { ...content, principal: { ...content.principal, groups: undefined } }
    const { token } = await new GatewayTokens(config, clock).mint(unknown)
    expect((await authenticator.verifyToken(token)).principal.groups).toBeUndefined()
  })

  test('a token ends no later than told, and one with no time left is not made [token-pinned]', async () => {
    const tokens = new GatewayTokens(config, clock)
    const short = await tokens.mint({ ...content, notAfterUnixMs: clock.nowUnixMs() + 20_000 })
    expect(short.expiresAtUnixMs).toBeLessThanOrEqual(clock.nowUnixMs() + 20_000)
    expect(await codeOf(tokens.mint({ ...content, notAfterUnixMs: clock.nowUnixMs() }))).toBe(
      'ERR_GATEWAY_TOKEN_EXPIRED',
    )
  })

  test.each([
    [
      'another cluster',
      (other: GatewayConfig) => ({ ...config, cluster: { ...other.cluster, name: 'staging' } }),
      'ERR_GATEWAY_TOKEN_AUDIENCE',
    ],
    ['another key', (other: GatewayConfig) => ({ ...config, tokens: other.tokens }), 'ERR_GATEWAY_TOKEN_KEY_UNKNOWN'],
  ])('one of %s is refused [token-pinned]', async (_name, change, code) => {
    const { token } = await new GatewayTokens(change(testGatewayConfig([])), clock).mint(content)
    expect(await verdict(token)).toBe(code)
  })

  test('one of another node, whose clock is a little ahead, is taken; one from the future is not [token-pinned]', async () => {
    const ahead = (byMs: number): Promise<MintedToken> =>
      new GatewayTokens(config, new TestClock(clock.nowUnixMs() + byMs)).mint(content)
    expect(await verdict((await ahead(9_000)).token)).toBe('accepted')
    expect(await verdict((await ahead(60_000)).token)).toBe('ERR_GATEWAY_TOKEN_NOT_YET_VALID')
  })

  test('one past its end is refused at that second [token-pinned]', async () => {
    const { token, expiresAtUnixMs } = await new GatewayTokens(config, clock).mint(content)
    clock.advance(expiresAtUnixMs - clock.nowUnixMs() - 1)
    expect(await verdict(token)).toBe('accepted')
    clock.advance(1)
    expect(await verdict(token)).toBe('ERR_GATEWAY_TOKEN_EXPIRED')
  })

  test('one signed with the bundle key is refused [token-pinned]', async () => {
    const { privateKey, thumbprint } = config.bundles.currentKey
    const claims = {
      iss: 'https://gateway.example',
      aud: 'headgate:orders-prod',
      sub: 'a',
      client_id: 'a',
      idp: 'corp',
      sid: 's',
      rev: 0,
    }
    const token = await new SignJWT({ ...claims, iat: now(), exp: now() + 60, jti: '1' })
      .setProtectedHeader({ alg: 'Ed25519', kid: thumbprint, typ: 'at+jwt' })
      .sign(privateKey)
    expect(await verdict(token)).toBe('ERR_GATEWAY_TOKEN_ALGORITHM')
  })
})

describe('client id and secret', () => {
  const signIn = (id = 'orders', secret = 'hunter2'): Promise<unknown> =>
    authenticator.signInWithClientSecret(id, new Secret(secret))

  test('are exchanged at the issuer and give the principal of its token', async () => {
    let sent: string | undefined
    issuer.answers.set('/token', async (body, request) => {
      sent = `${request.headers.authorization} ${body}`
      return { status: 200, body: { access_token: await issuer.sign(), token_type: 'Bearer', expires_in: 600 } }
    })
    expect(await signIn()).toMatchObject({ principal: { issuer: 'corp', subject: 'orders' }, source: 'client-secret' })
    expect(sent).toBe(`Basic ${Buffer.from('orders:hunter2').toString('base64')} grant_type=client_credentials`)
  })

  test('many connections make one exchange; another secret makes its own', async () => {
    await Promise.all(Array.from({ length: 50 }, () => signIn()))
    await signIn()
    expect(issuer.requestsTo('/token')).toBe(1)
    await signIn('orders', 'other')
    expect(issuer.requestsTo('/token')).toBe(2)
  })

  test('an outcome is kept for a minute and never past half of the life of the token', async () => {
    issuer.answers.set('/token', async () => {
      const token = await issuer.sign({ exp: now() + 20 })
      return { status: 200, body: { access_token: token, token_type: 'Bearer' } }
    })
    await signIn()
    clock.advance(9_000)
    await signIn()
    expect(issuer.requestsTo('/token')).toBe(1)
    clock.advance(2_000)
    await signIn()
    expect(issuer.requestsTo('/token')).toBe(2)
  })

  test('a refusal is told without the secret and not asked again for some seconds', async () => {
    const headers = { 'www-authenticate': 'Basic realm="issuer"' }
    issuer.answers.set('/token', () => ({ status: 401, headers, body: { error: 'invalid_client' } }))
    const error = await signIn().catch((caught: Error) => caught)
    expect(error).toMatchObject({
      code: 'ERR_GATEWAY_CLIENT_SECRET_REFUSED',
      clientText: expect.not.stringContaining('hunter2'),
    })
    expect(await codeOf(signIn())).toBe('ERR_GATEWAY_CLIENT_SECRET_REFUSED')
    expect(issuer.requestsTo('/token')).toBe(1)
    clock.advance(6_000)
    await codeOf(signIn())
    expect(issuer.requestsTo('/token')).toBe(2)
  })

  test.each([
    ['an issuer in trouble', { status: 500 }, 'ERR_GATEWAY_ISSUER_UNAVAILABLE'],
    ['an answer without a token', { status: 200, body: { token_type: 'Bearer' } }, 'ERR_GATEWAY_ISSUER_UNAVAILABLE'],
    [
      'an error in the issuer’s own words',
      { status: 400, body: { error: 'secret hunter2 wrong' } },
      'ERR_GATEWAY_CLIENT_SECRET_REFUSED',
    ],
    ['a redirect', { status: 302, headers: { location: 'http://169.254.169.254/' } }, 'ERR_GATEWAY_ISSUER_UNAVAILABLE'],
  ])('%s', async (_name, answer, code) => {
    issuer.answers.set('/token', () => answer)
    const error = await signIn().catch((caught: Error) => caught)
    expect(error).toMatchObject({ code })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2')
  })

  test('T1, T4: a token that was issued to another client is refused, and so is one of another audience or issuer', async () => {
    const answerWith = (claims: Claims): void => {
      issuer.answers.set('/token', async () => {
        return { status: 200, body: { access_token: await issuer.sign(claims), token_type: 'Bearer' } }
      })
    }
    answerWith({ client_id: 'billing' })
    expect(await codeOf(signIn())).toBe('ERR_GATEWAY_TOKEN_CLAIM')
    answerWith({ aud: 'payroll' })
    expect(await codeOf(signIn())).toBe('ERR_GATEWAY_TOKEN_AUDIENCE')
    answerWith({ iss: `${issuer.url}/` })
    expect(await codeOf(signIn())).toBe('ERR_GATEWAY_TOKEN_CLAIM')
  })

  test('nothing is asked for an empty or endless secret, nor where no issuer takes them', async () => {
    expect(await codeOf(signIn('orders', ''))).toBe('ERR_GATEWAY_CLIENT_SECRET_REFUSED')
    expect(await codeOf(signIn('orders', 'x'.repeat(5_000)))).toBe('ERR_GATEWAY_CLIENT_SECRET_REFUSED')
    config = testGatewayConfig([testIssuerConfig(issuer, { clientCredentials: undefined })])
    authenticator = createAuthenticator({ config, log: silentLog, clock })
    expect(await codeOf(signIn())).toBe('ERR_GATEWAY_CLIENT_SECRET_UNSUPPORTED')
    expect(issuer.requests.size).toBe(0)
  })
})
