import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HeadgateEvent } from './events.ts'
import { Kafka, type KafkaConfig, type LogEntry, logLevel, tokenCallback } from './index.ts'
import { type GatewayStandIn, startGatewayStandIn } from './testing/gateway-stand-in.ts'
import { ApiKey, type KafkaStandIn, startKafkaStandIn } from './testing/kafka-stand-in.ts'

let listener: KafkaStandIn
let gateway: GatewayStandIn
let lines: LogEntry[]

beforeEach(async () => {
  listener = await startKafkaStandIn()
  gateway = await startGatewayStandIn(listener.port)
  lines = []
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all([listener.close(), gateway.http.close()])
})

const BROKER_PASSWORD = 'the-brokers-own-password'

function createKafka(config: KafkaConfig = {}): Kafka {
  return new Kafka({
    clientId: 'orders',
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => void lines.push(entry),
    retry: { retries: 0 },
    headgate: {
      gateway: gateway.http.origin,
      bundleKeys: [gateway.key.thumbprint],
      identity: tokenCallback(() => 'subject-token'),
      insecure: true,
    },
    ...config,
  })
}

const messages = [{ key: 'k', value: 'v' }]

test('a service that swaps the import sends what policy allows and nothing else [client-denies-first]', async () => {
  const kafka = createKafka()
  const events: HeadgateEvent[] = []
  for (const name of Object.values(kafka.events)) kafka.on(name, (event) => void events.push(event))
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages })
  const sent = listener.seen.length
  await expect(producer.send({ topic: 'payments', messages })).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED' })
  await producer.disconnect()

  expect(listener.seen.length).toBe(sent)
  expect(events.map(({ type }) => type)).toEqual(['headgate.bundle', 'headgate.denied'])
  expect(events[1]?.payload).toMatchObject({ method: 'producer.send', resourceName: 'payments' })
  const warnings = lines.filter(({ label }) => label === 'WARN').map(({ log }) => log.message)
  expect(warnings).toContainEqual('Denied by policy')
})

test('addresses and credentials of brokers in the code are not used, and one warning says so [client-no-credentials]', async () => {
  const socketFactory = vi.fn()
  const kafka = createKafka({
    brokers: ['broker.internal:9092'],
    ssl: true,
    sasl: { mechanism: 'scram-sha-512', username: 'service', password: BROKER_PASSWORD },
    socketFactory,
  })
  const producer = kafka.producer()
  await producer.connect()
  await producer.disconnect()

  const warnings = lines.map(({ log }) => log.message).filter((message) => message.startsWith('not used'))
  expect(warnings).toEqual([expect.stringMatching(/`brokers`.*`ssl`.*`sasl`.*`socketFactory`/)])
  expect(socketFactory).not.toHaveBeenCalled()
  const auth = listener.seen.filter(({ apiKey }) => apiKey === ApiKey.SASL_AUTHENTICATE).map((seen) => seen.auth)
  expect(auth).toEqual([expect.stringContaining('auth=Bearer e30.')])
  const visible = inspect(kafka, { depth: 9, showHidden: true }) + JSON.stringify(lines)
  expect(visible).not.toContain(BROKER_PASSWORD)
})

test('nothing of the inner client can be reached from a Kafka', () => {
  const kafka = createKafka()

  expect(Object.getOwnPropertyNames(kafka)).toEqual([])
  expect(Object.getOwnPropertySymbols(kafka)).toEqual([])
  expect(inspect(kafka, { depth: 9, showHidden: true })).not.toContain('Cluster')
})

test('the environment alone configures it', async () => {
  vi.stubEnv('HEADGATE_GATEWAY', gateway.http.origin)
  vi.stubEnv('HEADGATE_BUNDLE_KEYS', gateway.key.thumbprint)
  vi.stubEnv('HEADGATE_INSECURE', 'true')
  const { headgate: _, ...plain } = { headgate: undefined, clientId: 'orders', logLevel: logLevel.NOTHING }
  const kafka = new Kafka(plain)

  await expect(kafka.producer().connect()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_CONFIGURATION' })
  const withIdentity = new Kafka({ ...plain, headgate: { identity: tokenCallback(() => 'subject-token') } })
  const producer = withIdentity.producer()
  await producer.connect()
  await producer.disconnect()
  expect(listener.connections).toBe(1)
})

test('what kafkajs checks when a client is created is still checked then', () => {
  const kafka = createKafka()

  expect(() => kafka.consumer({ groupId: '' })).toThrow('Consumer groupId must be a non-empty string.')
  expect(() => kafka.producer({ idempotent: true, retry: { retries: 0 } })).toThrow('must allow retries')
})

test('the sign-in is renewed on the same connection before the session ends', async () => {
  gateway.tokenSeconds = 2
  listener.signIn.sessionLifetimeMs = 600
  const producer = createKafka().producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages })
  await expect
    .poll(async () => {
      await producer.send({ topic: 'orders', messages })
      return listener.seen.filter(({ apiKey }) => apiKey === ApiKey.SASL_AUTHENTICATE).length
    })
    .toBe(2)
  await producer.disconnect()

  expect(listener.connections).toBe(1)
})

const guarded = `
topics:
  - { match: [orders], format: json, mask: [{ fields: ssn, with: last-4, on: [produce] }] }
  - { id: pay, match: [payments], approval: { by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m } }
rules: [{ id: r, who: everyone, may: { produce: [orders, payments] } }]
`

test('what is sent is masked before it leaves, and a write that waits for an approval names its ask', async () => {
  gateway.policy = guarded
  const asks = '/v1/asks?mine=true&topic=payments'
  const entry = { id: 'ask_1', state: 'pending', topic: 'payments', operation: 'produce', protection: 'pay' }
  gateway.http.routes.set(asks, () => ({ json: { asks: [entry] } }))
  const kafka = createKafka()
  const events: HeadgateEvent[] = []
  kafka.on('headgate.approval-pending', (event) => void events.push(event))
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: '{"ssn":"123456789"}' }] })
  listener.produceErrorCode = 44
  const url = `${gateway.http.origin}/v1/asks/ask_1`

  await expect(producer.send({ topic: 'payments', messages })).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_APPROVAL_PENDING',
    ask: { id: 'ask_1', url, state: 'pending' },
  })
  await producer.disconnect()
  const produced = listener.seen.filter(({ apiKey }) => apiKey === ApiKey.PRODUCE)
  expect(produced.length).toBe(2)
  expect(produced[0]?.records?.includes('*****6789')).toBe(true)
  expect(events).toMatchObject([{ payload: { id: 'ask_1', topic: 'payments', url } }])
  expect(gateway.http.seen.find(({ path }) => path === asks)?.headers['authorization']).toMatch(/^Bearer /)
})
