import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createTestCertificate, type TestCertificate } from '../config/config-fixture.ts'
import { createOutboundFetch, type OutboundFetchOptions } from './outbound-fetch.ts'

let certificate: TestCertificate
let server: Server
let url: string

beforeAll(async () => {
  certificate = await createTestCertificate()
  server = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (request, response) => {
    if (request.url === '/slow') {
      response.write('{')
      return
    }
    response.writeHead(request.url === '/moved' ? 302 : 200, { location: '/elsewhere' }).end('{"a":1}')
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  url = `https://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
afterEach(() => vi.unstubAllEnvs())

function fetchWith(options: Partial<OutboundFetchOptions>, path = '/'): Promise<Response> {
  const reach = { hosts: new Set(['localhost']), isPrivateNetworkAllowed: false }
  const usual = { ...reach, isPlaintextAllowed: false, caPem: certificate.certPem, timeoutMs: 5_000, maxBytes: 1_000 }
  return createOutboundFetch({ ...usual, ...options })(url + path)
}

test('an authority that is configured is believed', async () => {
  expect(await (await fetchWith({})).json()).toEqual({ a: 1 })
})

test('another authority is not, whatever the environment says', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  const other = await createTestCertificate()
  await expect(fetchWith({ caPem: undefined })).rejects.toThrow()
  await expect(fetchWith({ caPem: other.certPem })).rejects.toThrow()
})

test('a redirect is an answer, not a way', async () => {
  expect((await fetchWith({}, '/moved')).status).toBe(302)
})

test('an answer that never ends is cut by time, a long one by its length', async () => {
  await expect(fetchWith({ timeoutMs: 50 }, '/slow')).rejects.toThrow()
  await expect(fetchWith({ maxBytes: 3 })).rejects.toThrow(RangeError)
})
