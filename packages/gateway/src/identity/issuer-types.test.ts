import { silentLog } from '@headgate/core'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import type { SubjectTokenType } from './subject-token.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from './token-fixture.ts'

type Claims = Readonly<Record<string, unknown>>

const clock = new TestClock()
let issuer: TestIssuer
let rsa: { privateKey: CryptoKey; publicKey: CryptoKey }
let authenticator: Authenticator

beforeAll(async () => {
  issuer = await new TestIssuer(clock).start()
  rsa = await generateKeyPair('RS256', { extractable: true })
})
afterAll(() => issuer.close())
beforeEach(() => issuer.answers.clear())

function configure(...issuers: readonly Partial<IssuerConfig>[]): void {
  const configs = issuers.map((changes) => testIssuerConfig(issuer, { clientCredentials: undefined, ...changes }))
  authenticator = createAuthenticator({ config: testGatewayConfig(configs), log: silentLog, clock })
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: { code?: string }) => error.code ?? String(error),
  )
const exchanged = (token: string, type: SubjectTokenType = 'jwt'): Promise<string> =>
  codeOf(authenticator.verifySubjectToken({ type, token }))
const signedIn = (token: string): Promise<string> => codeOf(authenticator.verifyToken(token))

describe('ID tokens', () => {
  const idToken = (claims: Claims = {}, header: Claims = {}): Promise<string> =>
    issuer.sign({ aud: 'web-app', client_id: undefined, jti: undefined, ...claims }, { typ: 'JWT', ...header })

  beforeEach(() => configure({ idTokenClients: ['web-app', 'cli'] }))

  test('T1: an ID token of a configured client is exchanged, with or without a type, and tells its client', async () => {
    const signIn = await authenticator.verifySubjectToken({ type: 'id_token', token: await idToken() })
    expect(signIn).toMatchObject({ principal: { issuer: 'corp', subject: 'orders' }, clientId: 'web-app' })
    expect(await exchanged(await idToken({}, { typ: undefined }), 'id_token')).toBe('accepted')
    expect(await exchanged(await idToken(), 'jwt')).toBe('accepted')
  })

  test.each([
    ['for another client', { aud: 'payroll' }, 'ERR_GATEWAY_TOKEN_AUDIENCE'],
    ['for the gateway, not for a client', { aud: 'headgate' }, 'ERR_GATEWAY_TOKEN_AUDIENCE'],
    ['with an azp of another client', { azp: 'payroll' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['for two, without azp', { aud: ['web-app', 'cli'] }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['for a client and somebody else', { aud: ['web-app', 'payroll'], azp: 'web-app' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['for two, with azp', { aud: ['web-app', 'cli'], azp: 'cli' }, 'accepted'],
  ])('T1: an ID token %s', async (_name, claims, code) => {
    expect(await exchanged(await idToken(claims), 'id_token')).toBe(code)
  })

  test('T1: an ID token does not sign in to Kafka, nor pass for an access token', async () => {
    expect(await signedIn(await idToken())).toBe('ERR_GATEWAY_TOKEN_TYPE')
    expect(await exchanged(await idToken(), 'access_token')).toBe('ERR_GATEWAY_TOKEN_TYPE')
  })

  test('T1: an access token does not pass for an ID token', async () => {
    expect(await exchanged(await issuer.sign(), 'id_token')).toBe('ERR_GATEWAY_TOKEN_TYPE')
    expect(await exchanged(await issuer.sign({ aud: 'web-app' }), 'id_token')).toBe('ERR_GATEWAY_TOKEN_TYPE')
  })

  test('T1: where both are typed JWT, the audience tells them apart', async () => {
    configure({ tokenType: 'JWT', idTokenClients: ['web-app'] })
    const access = await issuer.sign({}, { typ: 'JWT' })
    expect([await signedIn(access), await exchanged(access, 'id_token')]).toEqual([
      'accepted',
      'ERR_GATEWAY_TOKEN_AUDIENCE',
    ])
    expect(await signedIn(await idToken())).toBe('ERR_GATEWAY_TOKEN_AUDIENCE')
  })

  test('T1: an issuer without clients of ID tokens gives none', async () => {
    configure({})
    expect(await exchanged(await idToken(), 'id_token')).toBe('ERR_GATEWAY_TOKEN_KIND')
  })
})

describe('access tokens', () => {
  test('T1: a token of other clients than those that are named are refused', async () => {
    configure({ clients: ['orders'] })
    expect(await signedIn(await issuer.sign())).toBe('accepted')
    expect(await signedIn(await issuer.sign({ client_id: undefined, azp: 'orders' }))).toBe('accepted')
    expect(await signedIn(await issuer.sign({ client_id: 'billing' }))).toBe('ERR_GATEWAY_TOKEN_CLAIM')
    expect(await signedIn(await issuer.sign({ client_id: undefined }))).toBe('ERR_GATEWAY_TOKEN_CLAIM')
    expect(await signedIn(await issuer.sign({ azp: 'billing' }))).toBe('ERR_GATEWAY_TOKEN_CLAIM')
  })

  test.each([
    ['one of the values', { tid: 'b', email_verified: true, amr: ['pwd', 'hwk'] }, 'accepted'],
    ['another value', { tid: 'c', email_verified: true, amr: ['hwk'] }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['a list without it', { tid: 'a', email_verified: true, amr: ['pwd'] }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['nothing', { tid: 'a', amr: ['hwk'] }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['an object', { tid: { 0: 'a' }, email_verified: true, amr: ['hwk'] }, 'ERR_GATEWAY_TOKEN_CLAIM'],
  ])('T4: where claims are pinned, %s', async (_name, claims, code) => {
    const requiredClaims = new Map([
      ['tid', ['a', 'b']],
      ['email_verified', ['true']],
      ['amr', ['hwk']],
    ])
    configure({ requiredClaims })
    expect(await signedIn(await issuer.sign(claims))).toBe(code)
  })

  test('the subject is read where the config says, and must be a text', async () => {
    configure({ subjectClaim: ['ids', 'oid'] })
    const token = await issuer.sign({ ids: { oid: '4711' } })
    expect((await authenticator.verifyToken(token)).principal.subject).toBe('4711')
    for (const ids of [undefined, {}, { oid: 4711 }, { oid: '' }, 'oid']) {
      expect(await signedIn(await issuer.sign({ ids }))).toBe('ERR_GATEWAY_TOKEN_CLAIM')
    }
  })

  test('T2: the tolerance is the one of the config, and moves no end', async () => {
    configure({ clockToleranceSeconds: 0 })
    const now = Math.floor(clock.nowUnixMs() / 1_000)
    expect(await signedIn(await issuer.sign({ iat: now + 5 }))).toBe('ERR_GATEWAY_TOKEN_NOT_YET_VALID')
    configure({ clockToleranceSeconds: 60 })
    expect(await signedIn(await issuer.sign({ iat: now + 50 }))).toBe('accepted')
    expect(await signedIn(await issuer.sign({ exp: now - 1 }))).toBe('ERR_GATEWAY_TOKEN_EXPIRED')
  })

  test('T4: issuers with equal names of subjects have pins of their own', async () => {
    const partner = await new TestIssuer(clock).start()
    const other = testIssuerConfig(partner, {
      name: 'partner',
      audiences: ['partner-api'],
      clientCredentials: undefined,
    })
    const config = testGatewayConfig([testIssuerConfig(issuer), other])
    authenticator = createAuthenticator({ config, log: silentLog, clock })
    expect(await signedIn(await partner.sign({ aud: 'partner-api' }))).toBe('accepted')
    expect(await signedIn(await partner.sign({ aud: 'headgate' }))).toBe('ERR_GATEWAY_TOKEN_AUDIENCE')
    expect(await signedIn(await issuer.sign({ aud: 'partner-api' }))).toBe('ERR_GATEWAY_TOKEN_AUDIENCE')
    await partner.close()
  })
})

describe('Kubernetes service accounts', () => {
  const stated = { namespace: 'shop', serviceaccount: { name: 'orders', uid: 'u-1' }, pod: { name: 'orders-0' } }
  const projected = (claims: Claims = {}, header: Claims = {}): Promise<string> => {
    const usual = { aud: ['headgate', 'https://kubernetes.default.svc'], sub: 'system:serviceaccount:shop:orders' }
    const none = { client_id: undefined, groups: undefined, jti: undefined }
    const token = { ...usual, ...none, 'kubernetes.io': stated, ...claims }
    return issuer.sign(token, { alg: 'RS256', kid: 'k8s', typ: undefined, ...header }, rsa.privateKey)
  }

  beforeEach(async () => {
    const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'k8s', alg: 'RS256', use: 'sig' }
    issuer.answers.set('/jwks', () => ({ status: 200, body: { keys: [jwk] } }))
    configure({ name: 'cluster-a', type: 'kubernetes', algorithms: ['RS256'], groupsClaim: undefined, kind: 'service' })
  })

  test('a projected token is the service account, in the groups that Kubernetes gives it', async () => {
    const { principal } = await authenticator.verifyToken(await projected())
    expect(principal).toEqual({
      issuer: 'cluster-a',
      subject: 'system:serviceaccount:shop:orders',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:shop'],
      kind: 'service',
    })
    expect(await exchanged(await projected(), 'jwt')).toBe('accepted')
    expect(await exchanged(await projected(), 'id_token')).toBe('ERR_GATEWAY_TOKEN_KIND')
  })

  test.each([
    ['T1: a token for the API server alone', { aud: ['https://kubernetes.default.svc'] }, 'ERR_GATEWAY_TOKEN_AUDIENCE'],
    ['T2: a token without an end', { exp: undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['T4: a token of a person', { sub: 'kubernetes-admin' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    [
      'T4: a token with another subject than the claims',
      { sub: 'system:serviceaccount:shop:admin' },
      'ERR_GATEWAY_TOKEN_CLAIM',
    ],
    [
      'T4: a token with a subject of more parts',
      { sub: 'system:serviceaccount:shop:orders:x' },
      'ERR_GATEWAY_TOKEN_CLAIM',
    ],
    ['T4: a token without the claims of the cluster', { 'kubernetes.io': undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['T10: a token with groups of its own', { groups: ['system:masters'] }, 'accepted'],
  ])('%s', async (_name, claims, code) => {
    expect(await signedIn(await projected(claims))).toBe(code)
    if (code !== 'accepted') return
    const { principal } = await authenticator.verifyToken(await projected(claims))
    expect(principal.groups).not.toContain('system:masters')
  })
})

describe('SPIFFE JWT-SVIDs', () => {
  const svid = (claims: Claims = {}, header: Claims = {}): Promise<string> => {
    const usual = { iss: undefined, sub: 'spiffe://prod.example/ns/shop/sa/orders' }
    const none = { client_id: undefined, groups: undefined, jti: undefined }
    return issuer.sign({ ...usual, ...none, ...claims }, { typ: undefined, ...header })
  }
  const mesh = (): Partial<IssuerConfig> => ({
    name: 'mesh',
    type: 'spiffe',
    issuer: 'spiffe://prod.example',
    jwksUri: `${issuer.url}/bundle`,
    groupsClaim: undefined,
  })
  const bundle = (...uses: readonly string[]): void => {
    const keys = uses.map((use) => ({ ...issuer.publicJwk, alg: undefined, use }))
    issuer.answers.set('/bundle', () => ({ status: 200, body: { keys, spiffe_sequence: 1 } }))
  }

  beforeEach(() => {
    bundle('jwt-svid')
    configure(mesh())
  })

  test('an SVID is its SPIFFE id, found by its trust domain; its groups are none, and known', async () => {
    const { principal } = await authenticator.verifyToken(await svid())
    expect(principal).toEqual({ issuer: 'mesh', subject: 'spiffe://prod.example/ns/shop/sa/orders', groups: [] })
    for (const typ of ['JWT', 'JOSE']) expect(await signedIn(await svid({}, { typ }))).toBe('accepted')
  })

  test.each([
    [
      'T4: a token of another trust domain',
      { sub: 'spiffe://evil.example/ns/shop' },
      'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN',
    ],
    [
      'T4: a token of a domain that begins alike',
      { sub: 'spiffe://prod.example.evil/a' },
      'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN',
    ],
    ['T4: a token of the domain itself', { sub: 'spiffe://prod.example' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['T4: a token with a path that climbs', { sub: 'spiffe://prod.example/a/../b' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['T4: a token with an empty segment', { sub: 'spiffe://prod.example/a//b' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['T4: a token with a query', { sub: 'spiffe://prod.example/a?b' }, 'ERR_GATEWAY_TOKEN_CLAIM'],
    ['T4: a token without a scheme', { sub: 'prod.example/a' }, 'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN'],
    ['T1: a token for another audience', { aud: 'payroll' }, 'ERR_GATEWAY_TOKEN_AUDIENCE'],
    ['T2: a token without an end', { exp: undefined }, 'ERR_GATEWAY_TOKEN_CLAIM'],
  ])('%s', async (_name, claims, code) => {
    expect(await signedIn(await svid(claims))).toBe(code)
  })

  test('T1: an access token of the same keys is no SVID', async () => {
    expect(await signedIn(await svid({}, { typ: 'at+jwt' }))).toBe('ERR_GATEWAY_TOKEN_TYPE')
  })

  test('T3: a key for X.509, or one that does not say what it is for, signs no SVID', async () => {
    for (const use of ['x509-svid', 'sig', '']) {
      bundle(use)
      configure(mesh())
      expect(await signedIn(await svid())).toBe('ERR_GATEWAY_TOKEN_KEY_UNKNOWN')
    }
  })

  test('T4: the trust domain is never spoken for by an issuer that puts a SPIFFE id into its tokens', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'own', use: 'sig' }
    issuer.answers.set('/jwks', () => ({ status: 200, body: { keys: [jwk] } }))
    configure({}, mesh())
    const sub = 'spiffe://prod.example/ns/shop/sa/orders'
    const foreign = await issuer.sign({ sub }, { kid: 'own' }, privateKey)
    expect((await authenticator.verifyToken(foreign)).principal).toMatchObject({ issuer: 'corp', subject: sub })
    expect(await signedIn(await issuer.sign({ sub, iss: undefined }, { kid: 'own', typ: 'JWT' }, privateKey))).toBe(
      'ERR_GATEWAY_TOKEN_KEY_UNKNOWN',
    )
  })
})
