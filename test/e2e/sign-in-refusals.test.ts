import { connect } from 'node:tls'
import type { SaslAuthenticateResponse } from '@headgate/wire'
import { Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../clients/raw-client.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: orders-service-reads-orders
    who: { subjects: [orders] }
    may: { consume: [orders], as: ["orders-*"] }
`

let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
    limits: { authenticationTimeoutMs: 1_000 },
  })
})

afterAll(() => world?.close())

/** Signs in by OAUTHBEARER with the given token; gives the error, or nothing when it was accepted. */
async function signIn(token: string): Promise<unknown> {
  const kafka = new Kafka({
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token }) },
    retry: { retries: 0 },
    logLevel: 0,
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
    return undefined
  } catch (error) {
    return error
  } finally {
    await admin.disconnect()
  }
}

function refusalLines(): readonly object[] {
  return world.logLines.filter(({ event, decision }) => event === 'sign-in' && decision === 'deny')
}

const CLAIMS = { sub: 'orders', aud: 'headgate', groups: [], client_id: 'orders' }

test('a token of the identity provider is accepted as it is [idp-token]', async () => {
  expect(await signIn(await world.identity.tokenFor('orders'))).toBeUndefined()
})

test.each([
  ['an expired token', { expiresInSeconds: -60 }, CLAIMS, /expired/],
  ['a token for another audience', {}, { ...CLAIMS, aud: 'elsewhere' }, /audience|aud/],
  ['a token signed by another key', { key: 'foreign' as const }, CLAIMS, /signature|key/],
  ['a token of another type', { typ: 'JWT' }, CLAIMS, /typ/],
])(
  'K4: %s is refused with 58 and a clear text, at once, and leaves a line [token-refused]',
  async (_, options, claims, text) => {
    const before = refusalLines().length
    const token = await world.identity.signToken(claims, options)
    const startedAt = performance.now()

    const error = await signIn(token)

    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
    expect(String(error)).toMatch(text)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    expect(refusalLines()).toHaveLength(before + 1)
    expect(JSON.stringify(world.logLines)).not.toContain(token)
    expect(await refusalOf(token)).toMatchObject({ errorCode: 58, errorMessage: expect.stringMatching(text) })
  },
)

function rawClient(): Promise<RawClient> {
  const [host = '', port = ''] = world.bootstrap.split(':')
  return RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
}

/** The first answer to the token, as it stands on the wire. */
async function refusalOf(token: string): Promise<SaslAuthenticateResponse> {
  const client = await rawClient()
  await client.request(17, 1, { mechanism: 'OAUTHBEARER' })
  const answer = await client.request<SaslAuthenticateResponse>(36, 2, {
    authBytes: Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`),
  })
  await client.closed()
  return answer
}

test('K4: a wrong client secret is refused with 58 and a clear text, and leaves a line [token-refused]', async () => {
  const before = refusalLines().length
  const client = await rawClient()

  const answer = await client.signInPlain('orders', 'not-the-secret')
  await client.closed()

  expect(answer).toMatchObject({ errorCode: 58, errorMessage: expect.stringMatching(/client|secret/) })
  expect(refusalLines()).toHaveLength(before + 1)
  expect(JSON.stringify(world.logLines)).not.toContain('not-the-secret')
})

test('a client that asks for something before it signed in is closed, and leaves a line [no-sasl-closed]', async () => {
  const kafka = new Kafka({
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    retry: { retries: 0 },
    logLevel: 0,
  })
  const admin = kafka.admin()

  await expect(admin.connect().then(() => admin.listTopics())).rejects.toThrow()

  await until('the line', () =>
    world.logLines.some(({ event, code }) => event === 'closed' && code === 'ERR_GATEWAY_NOT_SIGNED_IN'),
  )
  await admin.disconnect()
})

test('a client that stays silent is closed after the time allowed [no-sasl-closed]', async () => {
  const [host = '', port = ''] = world.bootstrap.split(':')
  const socket = connect({ host, port: Number(port), ca: world.ca.pem })
  const startedAt = performance.now()

  await new Promise((resolve) => socket.once('close', resolve))

  expect(performance.now() - startedAt).toBeGreaterThan(900)
  expect(performance.now() - startedAt).toBeLessThan(5_000)
})

test('K4: a malformed first message is 58 and the end, an endless one only the end; no token is in a line', async () => {
  const token = await world.identity.tokenFor('orders')
  const messages = [
    'hello',
    `n,,\x01auth=Bearer ${token}\x01`,
    `n,,\x01auth=Bearer ${token}\x01auth=Bearer ${token}\x01\x01`,
    `n,a=root,\x01auth=Bearer ${token}\x01\x01`,
    `n,,\x01auth=Bearer ${'x'.repeat(100_000)}\x01\x01`,
    '\x01'.repeat(1_000),
  ]
  for (const message of messages) {
    const client = await rawClient()
    await client.request(17, 1, { mechanism: 'OAUTHBEARER' })
    const answer = await client.request<SaslAuthenticateResponse>(36, 2, { authBytes: Buffer.from(message) })
    expect(answer).toMatchObject({ errorCode: 58, errorMessage: expect.stringMatching(/./) })
    await client.closed()
  }
  const client = await rawClient()
  await client.request(17, 1, { mechanism: 'OAUTHBEARER' })
  const endless = Buffer.from(`n,,\x01auth=Bearer ${'x'.repeat(1_048_576)}\x01\x01`)
  await expect(client.request(36, 2, { authBytes: endless })).rejects.toThrow()
  const said = JSON.stringify(world.logLines)
  for (const part of [...token.split('.').slice(1), 'x'.repeat(100)]) expect(said).not.toContain(part)
})
