import { fork } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompressionTypes, HeadgateDeniedError, type Kafka } from '@headgate/kafkajs'
import { verifyBundle } from '@headgate/policy'
import { decodeJwt } from 'jose'
import { Kafka as PlainKafka } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consoleProduce } from '../clients/java.ts'
import { headgateKafka, kafkaAtBrokers, plainKafka } from '../clients/kafkajs-clients.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: orders-service-owns-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
  - id: audit-may-write-the-audit-log
    who: { groups: [auditors] }
    may: { produce: [audit-log], consume: [audit-log], as: ["audit-*"] }
`

let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [
      { clientId: 'orders', groups: ['services'] },
      { clientId: 'audit', groups: ['auditors'] },
    ],
    topics: [
      { topic: 'orders', partitions: 3 },
      { topic: 'audit-log', partitions: 1 },
    ],
    policy: POLICY,
  })
})

afterAll(() => world?.close())

async function readOne(kafka: Kafka | PlainKafka, topic: string, groupId: string): Promise<string> {
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => payload.restart || reject(payload.error))
      consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
}

test('a token of the identity provider is exchanged for one of the gateway, which gives the signed rights of this one service [token-and-bundle]', async () => {
  const identityToken = await world.identity.tokenFor('orders')
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: identityToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }
  const exchanged = await askGateway('/token', { method: 'POST', body: new URLSearchParams(form).toString() })
  const { access_token: token = '' } = JSON.parse(exchanged) as { readonly access_token?: string }
  const bundle = await askGateway('/v1/bundle', { token })
  const { keys } = JSON.parse(await askGateway('/.well-known/headgate-bundle-keys')) as {
    readonly keys: readonly object[]
  }
  const expected = {
    keys,
    thumbprints: [world.files.bundleKeyThumbprint],
    audience: 'orders',
    cluster: 'demo',
    nowUnixMs: Date.now(),
  }

  const { claims } = await verifyBundle(bundle, expected)

  const [of, from] = [decodeJwt(token), decodeJwt(identityToken)]
  expect(of).toMatchObject({ sub: 'orders', aud: 'headgate:demo', iss: world.httpUrl })
  expect(of.exp).toBeLessThanOrEqual(from.exp ?? 0)
  expect(JSON.stringify(claims.residual)).toContain('orders-service-owns-orders')
  expect(JSON.stringify(claims.residual)).not.toContain('audit-may-write-the-audit-log')
  const [header, payload = '', signature] = bundle.split('.')
  const widened = Buffer.from(
    Buffer.from(payload, 'base64url').toString().replaceAll('"orders"', '"audit-log"'),
  ).toString('base64url')
  await expect(verifyBundle([header, widened, signature].join('.'), expected)).rejects.toMatchObject({
    code: 'ERR_POLICY_BUNDLE_SIGNATURE',
  })
})

interface GatewayRequest {
  readonly method?: string
  readonly body?: string
  readonly token?: string
}

/** Asks the gateway over HTTPS, trusting its authority alone. */
function askGateway(path: string, { method = 'GET', body, token }: GatewayRequest = {}): Promise<string> {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${world.httpUrl}${path}`, { method, headers, ca: world.ca.pem }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`${path}: ${response.statusCode} ${text}`)),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('Kafka itself answers nobody without a password [no-way-around]', async () => {
  const kafka = new PlainKafka({ brokers: world.kafka.scramBootstrap.split(','), logLevel: 0, retry: { retries: 0 } })
  const admin = kafka.admin()

  await expect(admin.connect().then(() => admin.listTopics())).rejects.toThrow()
  await admin.disconnect()
  expect(await recordsOf('audit-log')).toEqual([]) // with a password the same address answers
})

test('one import: a service exchanges its token, writes and reads what the policy grants [spine-allowed]', async () => {
  const kafka = headgateKafka(world, 'orders')
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: 'c-1', value: 'one order' }] })
  await producer.disconnect()

  expect(await readOne(kafka, 'orders', 'orders-readers')).toBe('one order')
  expect(world.logLines).toContainEqual(
    expect.objectContaining({ event: 'sign-in', principal: 'orders', issuer: 'corp' }),
  )
})

test('a write that no rule grants is refused by the client, with the reason, before anything is sent [client-denies]', async () => {
  const producer = headgateKafka(world, 'orders').producer()
  await producer.connect()
  const before = world.logLines.filter(({ event }) => event === 'denial').length

  const refusal = await producer
    .send({ topic: 'audit-log', messages: [{ value: 'x' }] })
    .catch((error: unknown) => error)

  expect(refusal).toBeInstanceOf(HeadgateDeniedError)
  expect(refusal).toMatchObject({ code: 'ERR_KAFKAJS_DENIED', cause: { type: 'TOPIC_AUTHORIZATION_FAILED', code: 29 } })
  expect(String(refusal)).toContain('audit-log')
  expect(world.logLines.filter(({ event }) => event === 'denial')).toHaveLength(before)
  await producer.disconnect()
})

test('the same write by unwrapped kafkajs is refused by the gateway [gateway-blocks-kafkajs]', async () => {
  const producer = plainKafka(world, 'orders').producer()
  await producer.connect()

  const refusal = await producer
    .send({ topic: 'audit-log', messages: [{ value: 'x' }] })
    .catch((error: unknown) => error)

  expect(refusal).toMatchObject({ cause: { type: 'TOPIC_AUTHORIZATION_FAILED', code: 29 } })
  expect(world.logLines).toContainEqual(
    expect.objectContaining({ event: 'denial', principal: 'orders', resourceName: 'audit-log', errorCode: 29 }),
  )
  await producer.disconnect()
})

test("the same write by Kafka's own console producer is refused by the gateway [gateway-blocks-java]", async () => {
  const sasl = { mechanism: 'PLAIN' as const, username: 'orders', password: world.secretOf('orders') }
  const connection = { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }

  const before = (await recordsOf('orders')).length
  const granted = await consoleProduce(connection, 'orders', ['from java'])
  const refused = await consoleProduce(connection, 'audit-log', ['from java'])

  expect(granted.stderr).not.toContain('Exception')
  expect(await recordsOf('orders')).toHaveLength(before + 1)
  expect(refused.stderr).toMatch(
    /TopicAuthorizationException|TOPIC_AUTHORIZATION_FAILED|Not authorized to access topics/,
  )
  expect(await recordsOf('audit-log')).toEqual([])
})

/** Reads a topic at the broker itself, as its administrator. */
async function recordsOf(topic: string): Promise<string[]> {
  const admin = kafkaAtBrokers(world.kafka).admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return offsets.flatMap(({ partition, high }) =>
    Array.from({ length: Number(high) }, (_, offset) => `${partition}:${offset}`),
  )
}

test('a policy that changes is in force for the next request on a live connection [policy-reload]', async () => {
  const producer = plainKafka(world, 'orders').producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'still granted' }] })
  const signIns = world.logLines.filter(({ event }) => event === 'sign-in').length

  await world.setPolicy(POLICY.replace('produce: [orders], ', ''))
  const refusal = await producer
    .send({ topic: 'orders', messages: [{ value: 'no more' }] })
    .catch((error: unknown) => error)
  await world.setPolicy(POLICY)

  expect(JSON.stringify(refusal, ['cause', 'type', 'code'])).toContain('29')
  await producer.send({ topic: 'orders', messages: [{ value: 'granted again' }] })
  expect(world.logLines).toContainEqual(
    expect.objectContaining({ event: 'denial', apiName: 'Produce', resourceName: 'orders', operation: 'Write' }),
  )
  expect(world.logLines.filter(({ event }) => event === 'sign-in')).toHaveLength(signIns)
  await producer.disconnect()
})

test('what is sent in any codec is read, without any setup [client-codecs-live]', async () => {
  const kafka = headgateKafka(world, 'orders')
  const [producer, consumer, seen] = [kafka.producer(), kafka.consumer({ groupId: 'orders-codecs' }), new Set<string>()]
  const { None, GZIP, Snappy, LZ4, ZSTD } = CompressionTypes
  const values = [None, GZIP, Snappy, LZ4, ZSTD].map((compression) => ({ compression, value: `codec ${compression}` }))
  await Promise.all([producer.connect(), consumer.connect()])
  for (const { compression, value } of values)
    await producer.send({ topic: 'orders', compression, messages: Array.from({ length: 200 }, () => ({ value })) })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void seen.add(`${message.value}`) })

  await expect
    .poll(() => [...seen], { timeout: 30_000 })
    .toEqual(expect.arrayContaining(values.map(({ value }) => value)))
  await Promise.all([producer.disconnect(), consumer.disconnect()])
})

test('a consumer that the policy stops says so, is not ready, and reads on once it is granted again [client-comes-back]', async () => {
  const kafka = headgateKafka(world, 'orders')
  const health = (): unknown => kafka.access().health()
  const [consumer, seen] = [kafka.consumer({ groupId: 'orders-comes-back' }), new Set<string>()]
  await consumer.connect()
  await consumer.subscribe({ topics: [/^orders$/], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void seen.add(`${message.value}`) })
  const send = async (value: string): Promise<void> => {
    const producer = plainKafka(world, 'orders').producer()
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value }] })
    await producer.disconnect()
  }
  const patience = { timeout: 30_000, interval: 100 }
  await send('before')
  await expect.poll(() => seen.has('before'), patience).toBe(true)
  expect(health()).toMatchObject({ isReady: true, consumers: [{ state: 'running', topics: ['orders'] }] })

  await world.setPolicy(POLICY.replace('consume: [orders], ', ''))
  await expect.poll(health, patience).toMatchObject({ isReady: false, consumers: [{ state: 'denied' }] })
  await send('meanwhile')
  await world.setPolicy(POLICY)
  await expect.poll(() => seen.has('meanwhile'), patience).toBe(true)

  expect(health()).toMatchObject({ isReady: true, consumers: [{ state: 'running' }] })
  await consumer.disconnect()
})

test("the brokers' credential is nowhere in the client's process [no-broker-credential]", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-heap-'))
  const snapshot = join(directory, 'service.heapsnapshot')
  try {
    await runService(snapshot)

    expect(await fileContains(snapshot, world.secretOf('orders'))).toBe(true) // what the process does know is found
    expect(await fileContains(snapshot, world.kafka.gatewayCredential.password)).toBe(false)
    expect(await fileContains(snapshot, world.kafka.scramBootstrap)).toBe(false)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

function runService(snapshot: string): Promise<void> {
  const child = fork(join(import.meta.dirname, 'heap-service.ts'), [snapshot], {
    execArgv: ['--conditions=@headgate/source', '--disable-warning=TimeoutNegativeWarning'],
    env: { PATH: process.env['PATH'], ...world.environmentOf('orders') },
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the service ended with ${code}`))))
  })
}

async function fileContains(path: string, text: string): Promise<boolean> {
  let tail = ''
  for await (const chunk of createReadStream(path, 'latin1')) {
    const window = tail + String(chunk)
    if (window.includes(text)) return true
    tail = window.slice(-text.length)
  }
  return false
}
