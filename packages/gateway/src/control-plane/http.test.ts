import { once } from 'node:events'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { Secret } from '@headgate/core'
import { afterEach, expect, test, vi } from 'vitest'
import { createTestCertificate } from '../config/config-fixture.ts'
import { EXCHANGE, startTestControlPlane, type TestControlPlane } from './control-plane-fixture.ts'

let plane: TestControlPlane
afterEach(() => plane.close())

test('metadata names the endpoints, and key sets hold public keys only', async () => {
  plane = await startTestControlPlane()
  const get = async (path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(plane.url + path)).json()) as Record<string, unknown>

  expect(await get('/.well-known/oauth-authorization-server')).toMatchObject({
    issuer: 'https://gateway.example',
    token_endpoint: 'https://gateway.example/token',
    jwks_uri: 'https://gateway.example/jwks.json',
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
    revocation_endpoint: 'https://gateway.example/revoke',
  })
  expect(await get('/.well-known/oauth-protected-resource')).toMatchObject({
    resource: 'https://gateway.example',
    authorization_servers: ['https://gateway.example'],
    bearer_methods_supported: ['header'],
  })
  const { tokens, bundles } = plane.config
  expect(await get('/jwks.json')).toEqual({ keys: [tokens.signingKey.publicJwk] })
  expect(await get('/.well-known/headgate-bundle-keys')).toEqual({ keys: [bundles.currentKey.publicJwk] })
  expect(JSON.stringify([await get('/jwks.json'), await get('/.well-known/headgate-bundle-keys')])).not.toContain('"d"')
})

test('health answers, and what is not there is a problem with a code', async () => {
  plane = await startTestControlPlane()
  expect((await fetch(`${plane.url}/healthz`)).status).toBe(200)
  expect((await fetch(`${plane.url}/readyz`)).status).toBe(200)
  const response = await fetch(`${plane.url}/nowhere`)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await response.json()).toMatchObject({ status: 404, code: 'ERR_GATEWAY_HTTP_NOT_FOUND' })
})

test('whoever asks is told where people sign in', async () => {
  plane = await startTestControlPlane()
  const metadata = async (): Promise<unknown> =>
    (await (await fetch(`${plane.url}/.well-known/oauth-authorization-server`)).json()) as unknown
  expect(await metadata()).toMatchObject({ headgate_logins: [] })
  const login = { clientId: 'headgate-cli', scopes: ['openid', 'kafka'], resource: undefined }
  const issuers = plane.config.issuers.map((issuer) => ({ ...issuer, login }))
  await plane.close()
  plane = await startTestControlPlane({ issuers })
  const issuer = issuers[0]?.issuer
  expect(await metadata()).toMatchObject({
    headgate_logins: [{ name: 'corp', issuer, client_id: 'headgate-cli', scopes: ['openid', 'kafka'] }],
  })
})

test('an address with too many refused requests waits a minute, then is heard again', async () => {
  plane = await startTestControlPlane()
  const limits = { ...plane.config.limits, maxFailedRequestsPerMinute: 3 }
  await plane.close()
  plane = await startTestControlPlane({ limits })
  const form = { ...EXCHANGE, subject_token: 'no-token' }
  const statuses: number[] = []
  for (let attempt = 0; attempt < 5; attempt += 1) statuses.push((await plane.exchange(form)).status)
  expect(statuses).toEqual([400, 400, 400, 429, 429])
  expect((await fetch(`${plane.url}/healthz`)).status).toBe(200)
  plane.clock.advance(60_000)
  expect((await plane.exchange(form)).status).toBe(400)
})

test.each(['http', 'https'])(
  'one address has so many connections and no more, by %s; those that end make room',
  async (protocol) => {
    const { certPem, keyPem } = await createTestCertificate()
    const tls = protocol === 'https' ? { certPem, keyPem: new Secret(keyPem) } : undefined
    plane = await startTestControlPlane({ http: { host: '127.0.0.1', port: 0, publicUrl: 'https://localhost', tls } })
    const { maxHttpConnectionsPerAddress: limit, maxConnectionsPerAddress } = plane.config.limits
    expect(limit).not.toBe(maxConnectionsPerAddress)
    const port = Number(new URL(plane.url).port)
    const open = async (): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }
    const sockets = await Promise.all(Array.from({ length: limit }, open))
    const refused = await open()
    await once(refused.resume(), 'close')
    expect(sockets.filter(({ closed }) => closed)).toEqual([])
    expect(plane.lines.filter(({ event }) => event === 'connection-refused')).toMatchObject([
      { listener: 'http', clientAddress: '127.0.0.1', count: limit },
    ])
    for (const socket of sockets.splice(0, 10)) socket.destroy()
    if (protocol === 'http')
      await vi.waitFor(async () => expect((await fetch(`${plane.url}/healthz`)).status).toBe(200))
    for (const socket of sockets) socket.destroy()
  },
)

test('with a certificate it is HTTPS', async () => {
  const { certPem, keyPem } = await createTestCertificate()
  const http = {
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'https://localhost',
    tls: { certPem, keyPem: new Secret(keyPem) },
  }
  plane = await startTestControlPlane({ http })
  const status = await new Promise((resolve, reject) => {
    const options = { ca: certPem, servername: 'localhost', agent: false }
    request(`${plane.url}/healthz`, options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
  expect(status).toBe(200)
})

test('a port that is taken is an error with a code', async () => {
  plane = await startTestControlPlane()
  const port = Number(new URL(plane.url).port)
  await expect(startTestControlPlane({ http: { ...plane.config.http, port } })).rejects.toMatchObject({
    code: 'ERR_GATEWAY_HTTP_LISTEN',
    details: { host: '127.0.0.1', port },
  })
})

test('every refusal but those of the token endpoints is problem details, with the status it has and a code', async () => {
  plane = await startTestControlPlane()
  const refused: readonly (readonly [string, string, number])[] = [
    ['GET', '/nowhere', 404],
    ['GET', '/token', 405],
    ['DELETE', '/revoke', 405],
    ['GET', '/v1/bundle', 401],
    ['GET', '/v1/asks', 401],
    ['POST', '/v1/asks', 401],
    ['GET', '/v1/sessions', 401],
    ['GET', '/v1/sessions/one', 401],
  ]
  for (const [method, path, status] of refused) {
    const response = await fetch(plane.url + path, {
      method,
      headers: { authorization: 'Bearer canary.canary.canary' },
    })
    const text = await response.text()
    expect([path, response.status, response.headers.get('content-type')]).toEqual([
      path,
      status,
      'application/problem+json',
    ])
    expect(JSON.parse(text)).toMatchObject({
      type: 'about:blank',
      status,
      code: expect.stringMatching(/^ERR_GATEWAY_/),
    })
    expect(text).not.toContain('canary')
  }
  for (const path of ['/token', '/revoke']) {
    const response = await fetch(plane.url + path, { method: 'POST', body: 'x' })
    expect([response.headers.get('content-type'), Object.keys((await response.json()) as object)]).toEqual([
      'application/json',
      ['error', 'error_description'],
    ])
  }
})
