import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXCHANGE, startTestControlPlane, type TestControlPlane } from './control-plane-fixture.ts'

const TYPE = 'urn:ietf:params:oauth:token-type:'
let plane: TestControlPlane

beforeAll(async () => {
  const groups = { aliases: new Map([['0b2c', 'leads']]), assertable: ['leads'] }
  plane = await startTestControlPlane({}, { issuer: { idTokenClients: ['web-app'], groups } })
})
afterAll(() => plane.close())

/** What comes of a token: its status, and the error or the claims of the gateway's token. */
async function exchanged(token: string, type: string): Promise<[status: number, outcome: unknown]> {
  const response = await plane.exchange({ ...EXCHANGE, subject_token: token, subject_token_type: TYPE + type })
  const body = (await response.json()) as { access_token?: string; error?: string }
  return [response.status, body.access_token === undefined ? body.error : decodeJwt(body.access_token)]
}

const idToken = (claims: object = {}): Promise<string> =>
  plane.issuer.sign({ aud: 'web-app', client_id: undefined, jti: undefined, ...claims }, { typ: 'JWT' })

test('T1: the ID token of a configured client is exchanged, as what it is, with the groups that its issuer may assert', async () => {
  const [status, claims] = await exchanged(await idToken({ groups: ['0b2c', 'leads', 'admins'] }), 'id_token')
  expect(status).toBe(200)
  expect(claims).toMatchObject({ sub: 'orders', idp: 'corp', client_id: 'web-app', groups: ['leads'] })
})

test.each([
  ['T1: the ID token of another client', { aud: 'payroll' }, 'id_token'],
  ['T1: an ID token with another authorized party', { azp: 'payroll' }, 'id_token'],
  ['T1: an ID token that is said to be an access token', {}, 'access_token'],
])('%s is an invalid request', async (_name, claims, type) => {
  expect(await exchanged(await idToken(claims), type)).toEqual([400, 'invalid_request'])
})

test('T1: an access token for another API, or that is said to be an ID token, is an invalid request', async () => {
  expect(await exchanged(await plane.issuer.sign({ aud: 'payroll' }), 'access_token')).toEqual([400, 'invalid_request'])
  expect(await exchanged(await plane.issuer.sign(), 'id_token')).toEqual([400, 'invalid_request'])
})

test('T2: times that are missing, ahead, or text are an invalid request', async () => {
  const now = Math.floor(plane.clock.nowUnixMs() / 1_000)
  const times = [
    { exp: undefined },
    { iat: undefined },
    { exp: now + 315_360_000 },
    { iat: now + 60 },
    { nbf: now + 60 },
  ]
  for (const claims of times) {
    expect(await exchanged(await plane.issuer.sign(claims), 'jwt')).toEqual([400, 'invalid_request'])
  }
})

test('T3: a key that was meant for something else, and headers that are not known, are 400 and never 500', async () => {
  const claims = { iss: plane.issuer.url, aud: 'headgate', sub: 'orders' }
  const pem = createPublicKey({ key: plane.issuer.publicJwk as JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  const shared = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'issuer-1', typ: 'at+jwt' })
    .sign(Buffer.from(pem))
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const otherKind = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: 'issuer-1', typ: 'at+jwt' })
    .sign(privateKey)
  const [, body, signature] = (await plane.issuer.sign()).split('.')
  const withHeader = (header: object): string =>
    `${Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'issuer-1', typ: 'at+jwt', ...header })).toString('base64url')}.${body}.${signature}`
  const headers = [
    { crit: ['x'], x: 1 },
    { b64: false },
    { alg: 'EdDSA' },
    { alg: ['ES256'] },
    { kid: {} },
    { typ: [] },
  ]
  for (const token of [shared, otherKind, ...headers.map(withHeader)]) {
    expect(await exchanged(token, 'jwt')).toEqual([400, 'invalid_request'])
  }
})

test('T4: the issuer with one slash more is another one', async () => {
  const token = await plane.issuer.sign({ iss: `${plane.issuer.url}/` })
  expect(await exchanged(token, 'jwt')).toEqual([400, 'invalid_request'])
})

test('T9: an overage stays one in the token of the gateway', async () => {
  const token = await plane.issuer.sign({ groups: undefined, _claim_names: { groups: 'src1' } })
  const [status, claims] = await exchanged(token, 'jwt')
  expect(status).toBe(200)
  expect(claims).not.toHaveProperty('groups')
})
