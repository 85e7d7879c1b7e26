import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayTokens } from '../identity/gateway-token.ts'
import { digestOfToken } from '../identity/subject-tokens.ts'
import { testGatewayConfig } from '../identity/token-fixture.ts'
import { openStore } from '../store/store.ts'
import { collectLog, EXCHANGE, startTestControlPlane, type TestControlPlane } from './control-plane-fixture.ts'
import { Revocations } from './revocations.ts'

let plane: TestControlPlane
beforeEach(async () => {
  const { tokens } = testGatewayConfig([])
  plane = await startTestControlPlane({ tokens: { ...tokens, revokers: [{ issuer: 'corp', group: 'security' }] } })
})
afterEach(() => plane.close())

function revoke(token: string, caller?: string, more: Readonly<Record<string, string>> = {}): Promise<Response> {
  const body = new URLSearchParams({ ...(token !== '' && { token }), ...more }).toString()
  const authorization: Record<string, string> = caller === undefined ? {} : { authorization: `Bearer ${caller}` }
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return fetch(`${plane.url}/revoke`, { method: 'POST', body, headers: { ...type, ...authorization } })
}
async function outcome(response: Response): Promise<string> {
  expect(response.headers.get('cache-control')).toBe('no-store')
  const text = await response.text()
  return text === '' ? `${response.status}` : `${response.status} ${(JSON.parse(text) as { error: string }).error}`
}
const bundle = (token: string): Promise<Response> =>
  fetch(`${plane.url}/v1/bundle`, { headers: { authorization: `Bearer ${token}` } })
const sidOf = (token: string): unknown => decodeJwt(token)['sid']

async function exchangeWith(sessionToken: string): Promise<string> {
  const form = { ...EXCHANGE, subject_token: await plane.issuer.sign(), session_token: sessionToken }
  return ((await (await plane.exchange(form)).json()) as { access_token: string }).access_token
}

test('a revoked session has no token that counts, and the next exchange begins another one', async () => {
  const first = await plane.gatewayToken()
  const second = await exchangeWith(first)
  expect(sidOf(second)).toBe(sidOf(first))
  expect(await outcome(await revoke(first, second))).toBe('200')
  for (const token of [first, second]) {
    const response = await bundle(token)
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      401,
      'ERR_GATEWAY_TOKEN_REVOKED',
    ])
  }
  const third = await exchangeWith(second)
  expect(sidOf(third)).not.toBe(sidOf(first))
  expect((await bundle(third)).status).toBe(200)
  expect(plane.lines).toContainEqual(
    expect.objectContaining({ event: 'session-revoked', principal: 'orders', sessionId: sidOf(first) }),
  )
})

describe("the identity provider's token of a revoked session", () => {
  const exchange = async (subject: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const response = await plane.exchange({ ...EXCHANGE, subject_token: subject, ...more })
    const body = (await response.json()) as { access_token?: string; error?: string }
    return body.access_token ?? `${response.status} ${body.error}`
  }
  const asks = (token: string): Promise<Response> =>
    fetch(`${plane.url}/v1/asks`, { headers: { authorization: `Bearer ${token}` } })

  test('begins no other, with the earlier token or without, and is no sign-in by itself', async () => {
    const subject = await plane.issuer.sign()
    const first = await exchange(subject)
    await revoke(first, first)
    for (const more of [{}, { session_token: first }]) expect(await exchange(subject, more)).toBe('400 invalid_request')
    expect(plane.lines).toContainEqual(
      expect.objectContaining({ event: 'token-exchange', code: 'ERR_GATEWAY_TOKEN_REVOKED', decision: 'deny' }),
    )
    const response = await asks(subject)
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      401,
      'ERR_GATEWAY_TOKEN_REVOKED',
    ])
    expect((await bundle(await exchange(await plane.issuer.sign()))).status).toBe(200)
  })

  test('is one of several: every one that the session was had with, where it is named by its id', async () => {
    const [one, two] = [await plane.issuer.sign(), await plane.issuer.sign()]
    const first = await exchange(one)
    const second = await exchange(two, { session_token: first })
    const guard = await plane.issuer.sign({ sub: 'grace', groups: ['security'] })
    expect(await outcome(await revoke(`${sidOf(second)}`, guard))).toBe('200')
    expect([await exchange(one), await exchange(two)]).toEqual(['400 invalid_request', '400 invalid_request'])
  })

  test('goes on with another session that it was had with, which nobody revoked', async () => {
    const subject = await plane.issuer.sign()
    const [ended, other] = [await exchange(subject), await exchange(subject)]
    await revoke(ended, other)
    const gone = await exchange(subject, { session_token: other })
    expect(sidOf(gone)).toBe(sidOf(other))
    expect((await bundle(gone)).status).toBe(200)
  })

  test('is known by a token of the session to a gateway that has been started anew', async () => {
    const subject = await plane.issuer.sign()
    const token = await exchange(subject)
    const read = await new GatewayTokens(plane.config, plane.clock, plane.keys.tokens).readForSession(token)
    const anew = new Revocations({ clock: plane.clock })
    await anew.revoke(`${read?.sessionId}`, read?.subjectToken)
    const digest = digestOfToken('corp', `${decodeJwt(subject).jti}`, subject)
    expect(anew.subjectTokens.isRefused(digest)).toBe(true)
    expect(JSON.stringify(decodeJwt(token))).not.toContain(`${decodeJwt(subject).jti}`)
  })
})

test('whoever waits for a bundle of the session is told at once', async () => {
  const token = await plane.gatewayToken()
  const etag = (await bundle(token)).headers.get('etag') ?? ''
  const headers = { authorization: `Bearer ${token}`, 'if-none-match': etag, prefer: 'wait=100' }
  const waiting = fetch(`${plane.url}/v1/bundle`, { headers })
  await expect.poll(() => plane.waiters.size).toBe(1)
  await revoke(token, await plane.issuer.sign())
  const response = await waiting
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
})

test('a token that has ended can be revoked: its session could go on', async () => {
  const ended = await plane.gatewayToken()
  plane.clock.advance(301_000)
  expect(await outcome(await revoke(ended, await plane.issuer.sign()))).toBe('200')
  expect(sidOf(await exchangeWith(ended))).not.toBe(sidOf(ended))
})

test('what is not known is answered 200, and ends nothing', async () => {
  const token = await plane.gatewayToken()
  const forged = `${token.slice(0, -8)}AAAAAAAA`
  for (const unknown of ['none', forged, await plane.issuer.sign()])
    expect(await outcome(await revoke(unknown, token, { token_type_hint: 'refresh_token' }))).toBe('200')
  expect((await bundle(token)).status).toBe(200)
})

describe('refusals', () => {
  test('T13: nobody revokes unnamed, and no refusal repeats a token', async () => {
    const token = await plane.gatewayToken()
    const response = await revoke(token)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    const shown = `${await response.clone().text()}${JSON.stringify(plane.lines.filter(({ level }) => level === 'warn'))}`
    expect(await outcome(response)).toBe('401 invalid_client')
    for (const part of token.split('.')) expect(shown).not.toContain(part)
    expect(await outcome(await revoke(token, 'forged'))).toBe('401 invalid_client')
    expect((await bundle(token)).status).toBe(200)
  })

  test('a principal ends no session of another one', async () => {
    const token = await plane.gatewayToken()
    const mallory = await plane.gatewayToken({ sub: 'mallory' })
    expect(await outcome(await revoke(token, mallory))).toBe('400 unauthorized_client')
    expect((await bundle(token)).status).toBe(200)
  })

  test('a session that is named by its id, to whoever may not end every one, there or not', async () => {
    const token = await plane.gatewayToken()
    for (const id of [`${sidOf(token)}`, crypto.randomUUID()])
      expect(await outcome(await revoke(id, token))).toBe('400 unauthorized_client')
    expect((await bundle(token)).status).toBe(200)
  })

  test('a request without a token, with two, or that is no form', async () => {
    const caller = await plane.gatewayToken()
    expect(await outcome(await revoke('', caller))).toBe('400 invalid_request')
    const headers = { authorization: `Bearer ${caller}`, 'content-type': 'application/json' }
    const post = (body: string, type = headers['content-type']): Promise<Response> =>
      fetch(`${plane.url}/revoke`, { method: 'POST', body, headers: { ...headers, 'content-type': type } })
    expect(await outcome(await post('{}'))).toBe('400 invalid_request')
    const form = 'application/x-www-form-urlencoded'
    expect(await outcome(await post('token=a&token=b', form))).toBe('400 invalid_request')
    expect((await fetch(`${plane.url}/revoke`)).status).toBe(405)
  })
})

test('members of the group that may end every session name it by its token or by its id', async () => {
  const security = await plane.issuer.sign({ sub: 'grace', groups: ['security'] })
  const [first, second] = [await plane.gatewayToken(), await plane.gatewayToken()]
  expect(await outcome(await revoke(first, security))).toBe('200')
  expect(await outcome(await revoke(`${sidOf(second)}`, security))).toBe('200')
  expect([(await bundle(first)).status, (await bundle(second)).status]).toEqual([401, 401])
})

test('a revocation outlives a restart, for as long as a token of the session may be about', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-revoked-'))
  const { log } = collectLog()
  const open = (): Revocations =>
    new Revocations({
      clock: plane.clock,
      openStore: () => openStore({ store: { path: join(folder, 'gateway.db') }, log }),
    })
  const before = open()
  await before.start()
  await before.revoke('session-1', { digest: 'd', untilUnixMs: plane.clock.nowUnixMs() + 600_000 })
  await before.close()
  const after = open()
  await after.start()
  const told: string[] = []
  after.subscribe(({ sessionId }) => void told.push(sessionId))
  expect([after.isRevoked('session-1'), told]).toEqual([true, ['session-1']])
  expect(after.subjectTokens.isRefused('d')).toBe(true)
  await after.close()
  plane.clock.advance(3_600_000)
  const muchLater = open()
  await muchLater.start()
  expect([muchLater.isRevoked('session-1'), muchLater.subjectTokens.isRefused('d')]).toEqual([false, false])
  await muchLater.close()
  rmSync(folder, { recursive: true, force: true })
})
