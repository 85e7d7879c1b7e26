import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpStandIn, startHttpStandIn } from '../testing/http-stand-in.ts'
import { parseServerAddress } from './address.ts'
import { ask } from './failure.ts'
import { createHttpClient } from './http-client.ts'

let server: HttpStandIn
beforeAll(async () => {
  server = await startHttpStandIn()
})
afterAll(() => server.close())

const url = (path: string): URL => new URL(path, server.origin)

test.each([
  ['https://gw.example:8443', false],
  ['http://127.0.0.1:8080', true],
  ['http://localhost:8080', true],
])('`%s` is an address when insecure is %s', (text, insecure) => {
  expect(parseServerAddress('the gateway', text, insecure).href).toContain(text)
})

test.each([
  ['http://gw.example', true, 'ERR_KAFKAJS_INSECURE_ADDRESS'],
  ['http://127.0.0.1', false, 'ERR_KAFKAJS_INSECURE_ADDRESS'],
  ['http://127.0.0.1.evil.example', true, 'ERR_KAFKAJS_INSECURE_ADDRESS'],
  ['gw.example:9092', false, 'ERR_KAFKAJS_CONFIGURATION'],
  ['https://user:secret@gw.example', false, 'ERR_KAFKAJS_CONFIGURATION'],
  ['file:///etc/passwd', true, 'ERR_KAFKAJS_CONFIGURATION'],
])('`%s` is refused with insecure %s', (text, insecure, code) => {
  expect(() => parseServerAddress('the gateway', text, insecure)).toThrow(expect.objectContaining({ code }))
})

test('a redirect is an answer and is not followed', async () => {
  server.routes.set('/r', () => ({ status: 302, headers: { location: `${server.origin}/elsewhere` } }))
  const response = await createHttpClient({ ca: undefined }).request({ method: 'GET', url: url('/r') })

  expect(response.status).toBe(302)
  expect(server.seen.some(({ path }) => path === '/elsewhere')).toBe(false)
})

test('an answer beyond the cap is left', async () => {
  server.routes.set('/big', () => ({ text: 'x'.repeat(2000) }))
  const http = createHttpClient({ ca: undefined, maxBodyBytes: 1000 })

  await expect(http.request({ method: 'GET', url: url('/big') })).rejects.toMatchObject({ kind: 'too-large' })
})

test('a server that does not answer in time is left, and the error tells what to do', async () => {
  server.routes.set('/slow', () => new Promise(() => {}))
  const http = createHttpClient({ ca: undefined, timeoutMs: 50 })

  await expect(ask(http, 'gateway', { method: 'GET', url: url('/slow') })).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE',
    retriable: true,
    message: expect.stringContaining('HEADGATE_GATEWAY'),
    details: { reason: 'timeout', wasConnected: true },
  })
})

test('a server that is not there is told from one that is busy', async () => {
  const other = await startHttpStandIn()
  await other.close()
  const asked = ask(createHttpClient({ ca: undefined }), 'gateway', { method: 'GET', url: new URL(other.origin) })

  await expect(asked).rejects.toMatchObject({ details: { reason: 'ECONNREFUSED', wasConnected: false } })
})

test('a server that cannot serve now counts as unreachable', async () => {
  server.routes.set('/busy', () => ({ status: 503 }))
  const http = createHttpClient({ ca: undefined })

  await expect(ask(http, 'identity provider', { method: 'GET', url: url('/busy') })).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_IDENTITY_UNAVAILABLE',
    details: { reason: 'HTTP 503' },
  })
})
