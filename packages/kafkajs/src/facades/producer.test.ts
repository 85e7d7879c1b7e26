import { afterEach, beforeEach, expect, test } from 'vitest'
import { Kafka, logLevel, type Message } from '#kafkajs'
import { Gate } from '../access/gate.ts'
import { createInnerConfig } from '../connection/inner-config.ts'
import { createTestClient } from '../testing/client.ts'
import { ApiKey, type KafkaStandIn, startKafkaStandIn } from '../testing/kafka-stand-in.ts'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import { createInnerProducerConfig } from './inner-client-config.ts'
import { createProducer } from './producer.ts'

let kafka: KafkaStandIn
let tokens: number
beforeEach(async () => {
  kafka = await startKafkaStandIn()
  tokens = 0
})
afterEach(() => kafka.close())

const policy = policyOf(ordersPolicy)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const quick = { retries: 1, initialRetryTime: 10 }

function connectProducer(config = {}): ReturnType<typeof createProducer> {
  const endpoint = { cluster: 'c', bootstrap: [`127.0.0.1:${kafka.port}`], hosts: new Set(['127.0.0.1']), isTls: false }
  const session = {
    open: async () => {},
    token: async () => `token-${++tokens}`,
    forgetToken: () => true,
    retain: () => {},
    release: () => {},
    renew: async () => {},
    target: { kafka: endpoint, ca: undefined },
    tokenLifetimeMs: 60_000,
  }
  const inner = new Kafka(createInnerConfig({ clientId: 'orders', logLevel: logLevel.NOTHING, retry: quick }, session))
  const scope = { isIdempotent: false, transactionalId: undefined }
  return createProducer(
    inner.producer(createInnerProducerConfig(config, gate)),
    createTestClient(gate, { session }),
    scope,
  )
}

test('a producer signs in with the token and sends what policy allows', async () => {
  const producer = connectProducer()
  await producer.connect()
  const results = await producer.send({ topic: 'orders', messages: [{ key: 'k', value: 'v' }] })
  await producer.disconnect()

  expect(results).toMatchObject([{ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '41' }])
  const signIn = kafka.seen.find(({ apiKey }) => apiKey === ApiKey.SASL_AUTHENTICATE)
  expect(signIn?.auth).toBe('n,,\x01auth=Bearer token-1\x01\x01')
  expect(kafka.seen.filter(({ apiKey }) => apiKey === ApiKey.METADATA).at(-1)).toMatchObject({
    topics: ['orders'],
    allowAutoTopicCreation: false,
  })
})

test('a refused send reaches nobody, and sendBatch sends all or nothing [client-denies-first]', async () => {
  const producer = connectProducer()
  await producer.connect()
  const before = kafka.seen.length
  const messages = [{ value: 'v' }]
  const batch = {
    topicMessages: [
      { topic: 'orders', messages },
      { topic: 'audit-log', messages },
    ],
  }

  await expect(producer.send({ topic: 'payments', messages })).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED' })
  await expect(producer.send({ topic: 'payments', messages, acks: 0 })).rejects.toMatchObject({ cause: { code: 29 } })
  await expect(producer.sendBatch(batch)).rejects.toMatchObject({ ruleIds: ['nobody-writes-audit'] })
  expect(kafka.seen.length).toBe(before)
  await producer.disconnect()
})

test('a partitioner chooses from copies: what it changes is not sent, and what it chooses is decided on', async () => {
  const createPartitioner = () => (args: { message: Message }) => {
    args.message.value = 'changed'
    return 0
  }
  const producer = connectProducer({ createPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'original' }] })

  const { records } = kafka.seen.findLast(({ apiKey }) => apiKey === ApiKey.PRODUCE) ?? {}
  expect(records?.includes('original')).toBe(true)
  expect(records?.includes('changed')).toBe(false)
  const shard = { topic: 'shards', messages: [{ value: 'v', partition: 1 }] }
  await expect(producer.send(shard)).rejects.toMatchObject({ message: expect.stringContaining('shards') })
  await producer.disconnect()
})

test('the facade has the members of kafkajs and no way to what is behind them', () => {
  const producer = connectProducer()
  const plain = new Kafka({ brokers: ['x:1'], logLevel: logLevel.NOTHING }).producer()

  expect(Object.keys(producer).sort()).toEqual(Object.keys(plain).sort())
  expect(Object.getOwnPropertySymbols(producer)).toEqual([])
  expect((producer as unknown as Record<string, unknown>)['cluster']).toBeUndefined()
})

test('an advertised address that is not the gateway is not connected to [client-no-credentials]', async () => {
  kafka.advertisedHost = 'localhost'
  const producer = connectProducer()
  await producer.connect()
  const seen = kafka.connections
  const error = await producer.send({ topic: 'orders', messages: [{ value: 'v' }] }).catch((reason: unknown) => reason)

  expect(error).toMatchObject({ message: expect.stringContaining('not an address of the gateway') })
  expect(kafka.connections).toBe(seen)
  await producer.disconnect()
})

test('a refused token is tried once more with a new one, and the refusal says why', async () => {
  kafka.signIn = { errorCode: 58, message: 'token: wrong audience', sessionLifetimeMs: 0 }
  const producer = connectProducer()

  await expect(producer.connect()).rejects.toMatchObject({ message: expect.stringContaining('token: wrong audience') })
  expect(kafka.seen.filter(({ apiKey }) => apiKey === ApiKey.SASL_AUTHENTICATE).map(({ auth }) => auth)).toEqual([
    'n,,\x01auth=Bearer token-1\x01\x01',
    'n,,\x01auth=Bearer token-2\x01\x01',
  ])
})
