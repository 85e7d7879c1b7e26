import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTestCertificate, type TestCertificate } from '../config/config-fixture.ts'
import { kindOfAddress } from './address-kind.ts'
import { type AddressResolver, createOutboundFetch, type OutboundFetchOptions } from './outbound-fetch.ts'

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

test('T5: a redirect is an answer, not a way', async () => {
  expect((await fetchWith({}, '/moved')).status).toBe(302)
})

test('T5: an answer that never ends is cut by time, a long one by its length', async () => {
  await expect(fetchWith({ timeoutMs: 50 }, '/slow')).rejects.toThrow()
  await expect(fetchWith({ maxBytes: 3 })).rejects.toThrow(RangeError)
})

test('T5: a host that is none of the issuer’s is not asked, nor looked up', async () => {
  let lookedUp = 0
  const resolve = async (): Promise<[]> => {
    lookedUp += 1
    return []
  }
  await expect(fetchWith({ hosts: new Set(['idp.example']), resolve })).rejects.toThrow(/none that the issuer/)
  expect(lookedUp).toBe(0)
})

describe('T5: addresses are judged before they are connected to', () => {
  const at = (...addresses: readonly string[]): AddressResolver => {
    return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  const asked = (resolve: AddressResolver, isPrivateNetworkAllowed = false): Promise<unknown> => {
    const reach = { isPlaintextAllowed: true, caPem: undefined, isPrivateNetworkAllowed }
    const bounds = { hosts: new Set(['idp.example']), timeoutMs: 5_000, maxBytes: 1_000, resolve }
    const { port } = server.address() as AddressInfo
    return createOutboundFetch({ ...reach, ...bounds })(`http://idp.example:${port}/`).then(
      () => 'asked',
      (error: Error) => error.message,
    )
  }
  const NEVER = 'the host has an address that no service is asked at'

  test.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fe80::1',
    'fe80::1%lo',
    '999.1.1.1',
    'localhost',
    'fd00:ec2::254',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    '::7f00:1',
  ])('T5: %s is never asked, whatever the config says', async (address) => {
    expect(await asked(at(address), true)).toBe(NEVER)
    expect(await asked(at('93.184.216.34', address), true)).toBe(NEVER)
  })

  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.0.1', '100.64.0.1', 'fd12::1'])(
    'T5: a name that leads to %s is asked where the config says so alone',
    async (address) => {
      expect(await asked(at(address))).toMatch(/private network/)
      expect(kindOfAddress(address)).toMatch(/private|loopback/)
    },
  )

  test('T5: a name of the private network is asked where the config says so', async () => {
    const { address } = server.address() as AddressInfo
    // Plaintext to a TLS port: the connection is made, and nothing else.
    expect(await asked(at(address), true)).not.toMatch(/the host has/)
  })

  test.each(['93.184.216.34', '2606:4700::1111', '172.32.0.1', '169.253.255.255', '100.128.0.1'])(
    'T5: %s is anybody’s',
    (address) => {
      expect(kindOfAddress(address)).toBe('public')
    },
  )

  test('T5: what was judged is what is connected to: a name is looked up once', async () => {
    let lookedUp = 0
    const rebinding: AddressResolver = async () => {
      lookedUp += 1
      return [{ address: lookedUp === 1 ? '10.0.0.1' : '127.0.0.1', family: 4 }]
    }
    expect(await asked(rebinding)).toMatch(/private network/)
    expect(lookedUp).toBe(1)
  })

  test.each([
    'http://169.254.169.254/',
    'http://[fe80::1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://2852039166/',
    'http://0xa9.254.169.254/',
  ])('T5: %s is never asked, and not looked up', async (url) => {
    const reach = { hosts: undefined, isPlaintextAllowed: true, caPem: undefined, isPrivateNetworkAllowed: true }
    const fetch = createOutboundFetch({ ...reach, timeoutMs: 5_000, maxBytes: 1_000 })
    await expect(fetch(url)).rejects.toThrow(NEVER)
  })
})
