import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testGatewayConfig } from '../identity/token-fixture.ts'
import { EXCHANGE, startTestControlPlane, type TestControlPlane } from './control-plane-fixture.ts'

const TYPE = 'urn:ietf:params:oauth:token-type:'
let plane: TestControlPlane

beforeAll(async () => {
  plane = await startTestControlPlane()
})
afterAll(() => plane.close())

const subject = async (claims: Readonly<Record<string, unknown>> = {}): Promise<Record<string, string>> => ({
  ...EXCHANGE,
  subject_token: await plane.issuer.sign(claims),
})

async function refusal(form: Record<string, string> | string, headers: Record<string, string> = {}): Promise<string> {
  const response = await plane.exchange(form, headers)
  const body = (await response.json()) as { error: string; error_description: string }
  expect(Object.keys(body)).toEqual(['error', 'error_description'])
  expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  return `${response.status} ${body.error}`
}

test('an access token of the issuer becomes a token of the gateway for this cluster [exchange-rfc8693]', async () => {
  const response = await plane.exchange(await subject())
  const body = (await response.json()) as { access_token: string }

  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    access_token: expect.any(String),
    issued_token_type: `${TYPE}access_token`,
    token_type: 'Bearer',
    expires_in: expect.any(Number),
  })
  const keys = (await (await fetch(`${plane.url}/jwks.json`)).json()) as { keys: [] }
  const verified = await jwtVerify(body.access_token, createLocalJWKSet(keys), {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer: 'https://gateway.example',
    audience: 'headgate:orders-prod',
    currentDate: new Date(plane.clock.nowUnixMs()),
  })
  expect(verified.payload).toMatchObject({
    sub: 'orders',
    client_id: 'orders',
    idp: 'corp',
    groups: ['producers'],
    rev: plane.policySource.current.revision,
    sid: expect.any(String),
    jti: expect.any(String),
  })
})

test('T8: the token lives five minutes, and no longer than its subject [exchange-rfc8693]', async () => {
  const now = Math.floor(plane.clock.nowUnixMs() / 1_000)
  const long = decodeJwt(await plane.gatewayToken())
  const short = decodeJwt(await plane.gatewayToken({ exp: now + 30 }))

  expect((long.exp ?? 0) - (long.iat ?? 0)).toBe(300)
  expect(short.exp).toBe(now + 30)
})

test('the token type asked for is the one issued [exchange-rfc8693]', async () => {
  const form = { ...(await subject()), requested_token_type: `${TYPE}jwt`, subject_token_type: `${TYPE}jwt` }
  expect(await (await plane.exchange(form)).json()).toMatchObject({ issued_token_type: `${TYPE}jwt` })
})

test('targets that are this gateway may be named, also more than once, and empty parameters count as left out [exchange-rfc8693]', async () => {
  const form = new URLSearchParams({
    ...(await subject()),
    scope: '',
    actor_token: '',
    client_id: 'orders',
    unknown: 'x',
  })
  form.append('audience', 'headgate:orders-prod')
  form.append('audience', 'headgate:orders-prod')
  form.append('resource', 'https://gateway.example')
  expect((await plane.exchange(form.toString())).status).toBe(200)
})

describe('refusals of the request', () => {
  test.each([
    ['no grant type', { grant_type: '' }, '400 invalid_request'],
    ['another grant type', { grant_type: 'client_credentials' }, '400 unsupported_grant_type'],
    ['no subject token', { subject_token: '' }, '400 invalid_request'],
    ['no subject token type', { subject_token_type: '' }, '400 invalid_request'],
    ['T1: an id token', { subject_token_type: `${TYPE}id_token` }, '400 invalid_request'],
    ['a SAML assertion', { subject_token_type: `${TYPE}saml2` }, '400 invalid_request'],
    ['T7: a refresh token', { subject_token_type: `${TYPE}refresh_token` }, '400 invalid_request'],
    ['T6: an actor token without its type', { actor_token: 'a.b.c' }, '400 invalid_request'],
    ['T6: an actor token type without a token', { actor_token_type: `${TYPE}jwt` }, '400 invalid_request'],
    ['T6: an actor', { actor_token: 'a.b.c', actor_token_type: `${TYPE}jwt` }, '400 invalid_request'],
    ['a refresh token in return', { requested_token_type: `${TYPE}refresh_token` }, '400 invalid_request'],
    ['T8: another audience', { audience: 'headgate:staging' }, '400 invalid_target'],
    ['T8: another resource', { resource: 'https://gateway.example/' }, '400 invalid_target'],
    ['T8: a scope', { scope: 'admin' }, '400 invalid_scope'],
    ['a client secret', { client_id: 'orders', client_secret: 'x' }, '401 invalid_client'],
    ['a client assertion', { client_assertion: 'x' }, '401 invalid_client'],
    ['the id of another client', { client_id: 'billing' }, '401 invalid_client'],
  ])('%s [exchange-rfc8693]', async (_name, change, expected) => {
    expect(await refusal({ ...(await subject()), ...change })).toBe(expected)
  })

  test.each(['grant_type', 'subject_token', 'scope', 'requested_token_type', 'unknown'])(
    'T6: a second %s [exchange-rfc8693]',
    async (name) => {
      const form = new URLSearchParams({ ...(await subject()), [name]: 'x' })
      form.append(name, 'y')
      expect(await refusal(form.toString())).toBe('400 invalid_request')
    },
  )

  test('one target that is not this gateway among others [exchange-rfc8693]', async () => {
    const form = new URLSearchParams({ ...(await subject()), audience: 'headgate:orders-prod' })
    form.append('audience', 'headgate:staging')
    expect(await refusal(form.toString())).toBe('400 invalid_target')
  })

  test('a body that is no form, client authentication by header, and a body without end [exchange-rfc8693]', async () => {
    const form = await subject()
    expect(await refusal(JSON.stringify(form), { 'content-type': 'application/json' })).toBe('400 invalid_request')
    expect(await refusal(form, { authorization: 'Basic b3JkZXJzOng=' })).toBe('401 invalid_client')
    expect(await refusal({ ...form, padding: 'x'.repeat(200_000) })).toBe('413 invalid_request')
  })

  test('another method [exchange-rfc8693]', async () => {
    const response = await fetch(`${plane.url}/token`)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })
})

describe('refusals of the subject token', () => {
  test.each([
    ['T1: for another API', { aud: 'payroll' }],
    ['T2: without an end', { exp: undefined }],
    ['T2: past its end', { exp: 1_700_000_000 }],
    ['T4: of another issuer', { iss: 'https://elsewhere.example' }],
  ])('%s [exchange-rfc8693]', async (_name, claims) => {
    expect(await refusal(await subject(claims))).toBe('400 invalid_request')
  })

  test('T7: a token of the gateway itself renews nothing [exchange-rfc8693]', async () => {
    expect(await refusal({ ...EXCHANGE, subject_token: await plane.gatewayToken() })).toBe('400 invalid_request')
  })

  test('T13: neither the answer nor the log repeats the token [exchange-rfc8693]', async () => {
    const token = await plane.issuer.sign({ aud: 'canary-audience' })
    const response = await plane.exchange({ ...EXCHANGE, subject_token: token })
    const shown = (await response.text()) + JSON.stringify(plane.lines)

    expect(shown).not.toContain('canary-audience')
    for (const segment of token.split('.').slice(1)) expect(shown).not.toContain(segment)
  })

  test('keys that cannot be had are told as a matter of time [exchange-rfc8693]', async () => {
    const other = await startTestControlPlane()
    other.issuer.answers.set('/jwks', () => ({ status: 503 }))
    const response = await other.exchange({ ...EXCHANGE, subject_token: await other.issuer.sign() })
    await other.close()

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
  })
})

test('T11: a token of an issuer whose tokens are taken once is exchanged once, and a refused one is not spent', async () => {
  const { tokens } = testGatewayConfig([])
  const once = await startTestControlPlane({ tokens: { ...tokens, oneTimeIssuers: ['corp'] } })
  const exchange = async (token: string, more: Record<string, string> = {}): Promise<string> => {
    const response = await once.exchange({ ...EXCHANGE, subject_token: token, ...more })
    return `${response.status} ${((await response.json()) as { error?: string }).error ?? 'issued'}`
  }
  try {
    const token = await once.issuer.sign()
    expect(await exchange(token, { client_id: 'other' })).toBe('401 invalid_client')
    expect([await exchange(token), await exchange(token)]).toEqual(['200 issued', '400 invalid_request'])
    expect(once.lines.at(-1)).toMatchObject({ decision: 'deny', code: 'ERR_GATEWAY_TOKEN_SPENT' })
    expect(await exchange(await once.issuer.sign())).toBe('200 issued')
    const both = await once.issuer.sign()
    expect((await Promise.all([exchange(both), exchange(both)])).toSorted()).toEqual([
      '200 issued',
      '400 invalid_request',
    ])
  } finally {
    await once.close()
  }
})

test('each exchange and each refusal leaves a line', async () => {
  plane.lines.length = 0
  await plane.gatewayToken()
  await plane.exchange(await subject({ aud: 'payroll' }))

  expect(plane.lines).toMatchObject([
    { level: 'info', event: 'token-exchange', issuer: 'corp', principal: 'orders', clientAddress: '127.0.0.1' },
    { level: 'warn', event: 'token-exchange', decision: 'deny', code: 'ERR_GATEWAY_TOKEN_AUDIENCE' },
  ])
})

describe('the session of an earlier token', () => {
  async function exchange(sessionToken: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const response = await plane.exchange({ ...(await subject(claims)), session_token: sessionToken })
    return ((await response.json()) as { access_token: string }).access_token
  }

  test('goes on, and prolongs no right: groups and end are those of the subject token', async () => {
    const first = await plane.gatewayToken()
    const now = Math.floor(plane.clock.nowUnixMs() / 1_000)
    const second = decodeJwt(await exchange(first, { groups: ['fewer'], exp: now + 30 }))
    expect(second).toMatchObject({ sid: decodeJwt(first)['sid'], groups: ['fewer'], exp: now + 30 })
  })

  test('goes on for ten minutes after the end of the token, and not longer', async () => {
    const first = await plane.gatewayToken()
    const { sid, exp = 0 } = decodeJwt(first)
    const passTo = (unixSeconds: number): void => plane.clock.advance(unixSeconds * 1_000 - plane.clock.nowUnixMs())
    passTo(exp + 599)
    expect(decodeJwt(await exchange(first))['sid']).toBe(sid)
    passTo(exp + 601)
    expect(decodeJwt(await exchange(first))['sid']).not.toBe(sid)
  })

  test('is a new one where the token is none of this gateway', async () => {
    const first = await plane.gatewayToken()
    for (const forged of ['x', `${first.slice(0, -8)}AAAAAAAA`, await plane.issuer.sign()])
      expect(decodeJwt(await exchange(forged))['sid']).not.toBe(decodeJwt(first)['sid'])
  })

  test.each([
    ['another principal', { sub: 'billing' }],
    ['another client', { client_id: 'other' }],
  ])('is refused to %s', async (_name, claims) => {
    const form = { ...(await subject(claims)), session_token: await plane.gatewayToken() }
    expect(await refusal(form)).toBe('400 invalid_request')
  })
})

test('each exchange is a session of its own, and a header names the key', async () => {
  const [first, second] = [await plane.gatewayToken(), await plane.gatewayToken()]
  expect(decodeJwt(first)['sid']).not.toBe(decodeJwt(second)['sid'])
  const { thumbprint } = plane.config.tokens.signingKey
  expect(decodeProtectedHeader(first)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: thumbprint })
})
