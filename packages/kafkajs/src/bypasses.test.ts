// One test for each way around this package that docs/security/client-bypasses.md lists, by its number there.
import tls from 'node:tls'
import { trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Cluster,
  CompressionCodecs,
  CompressionTypes,
  type EachBatchPayload,
  type EachMessagePayload,
  type Kafka as KafkajsKafka,
  type KafkaMessage,
  type LogEntry,
  logLevel,
  type Transaction,
} from '#kafkajs'
import { Gate } from './access/gate.ts'
import { createInnerConfig } from './connection/inner-config.ts'
import { createGatewaySocketFactory } from './connection/socket-factory.ts'
import { GrantedPartitions } from './facades/granted-partitions.ts'
import { guardEachBatch, guardEachMessage } from './facades/handlers.ts'
import { createInnerConsumerConfig, createInnerProducerConfig } from './facades/inner-client-config.ts'
import { readSubscription } from './facades/subscription.ts'
import { createTransaction } from './facades/transaction.ts'
import { Kafka, type KafkaConfig, tokenCallback } from './index.ts'
import { createTestClient } from './testing/client.ts'
import { type GatewayStandIn, startGatewayStandIn } from './testing/gateway-stand-in.ts'
import { ApiKey, type KafkaStandIn, startKafkaStandIn } from './testing/kafka-stand-in.ts'
import { messageOf } from './testing/obligations.ts'
import { ordersPolicy, policyOf } from './testing/policy.ts'

const policy = policyOf(ordersPolicy)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const client = createTestClient(gate)
const scope = { groupId: 'orders-1', topics: new Set(['orders']) }
const denied = expect.objectContaining({ code: 'ERR_KAFKAJS_DENIED' })

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
  vi.restoreAllMocks()
  trace.disable()
  await Promise.all([listener.close(), gateway.http.close()])
})

function createKafka(config: KafkaConfig = {}): Kafka {
  const { origin } = gateway.http
  const identity = tokenCallback(() => 'subject-token')
  return new Kafka({
    clientId: 'orders',
    logCreator: () => (entry) => void lines.push(entry),
    retry: { retries: 0 },
    headgate: { gateway: origin, bundleKeys: [gateway.key.thumbprint], identity, insecure: true },
    ...config,
  })
}

/** Sends one record through the stand-in listener, and gives the batch that arrived. */
async function produce(kafka: Kafka, options: Parameters<KafkajsKafka['producer']>[0] = {}): Promise<Buffer> {
  const producer = kafka.producer(options)
  await producer.connect()
  try {
    await producer.send({ topic: 'orders', messages: [{ key: 'secret-key', value: 'secret-value' }] })
  } finally {
    await producer.disconnect()
  }
  return listener.seen.findLast(({ apiKey }) => apiKey === ApiKey.PRODUCE)?.records ?? Buffer.alloc(0)
}

/** A record as kafkajs hands it out: a view on the whole answer, with members that no type declares. */
function fetched(): KafkaMessage {
  const answer = Buffer.from('neighbour|value')
  return { ...messageOf({ value: answer.subarray(10) }), ...{ magicByte: 2, batchContext: {} } } as KafkaMessage
}

async function deliver(message: KafkaMessage): Promise<EachMessagePayload> {
  let seen: EachMessagePayload | undefined
  const guarded = guardEachMessage(async (payload) => {
    seen = payload
  }, client)
  await guarded({ topic: 'orders', partition: 0, message, heartbeat: async () => {}, pause: () => () => {} })
  if (seen === undefined) throw new Error('nothing was delivered')
  return seen
}

/** Every object that can be reached from one by its own members, hidden ones included. */
function reachable(from: object, seen = new Set<object>()): Set<object> {
  if (seen.has(from)) return seen
  seen.add(from)
  for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(from))) {
    const { value } = descriptor
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) reachable(value, seen)
  }
  return seen
}

describe('ways around the client [client-bypasses]', () => {
  test('1: the cluster of kafkajs cannot be reached from a client', () => {
    const kafka = createKafka()
    const clients = [kafka, kafka.producer(), kafka.consumer({ groupId: 'orders-1' }), kafka.admin()]

    expect(clients.flatMap((object) => Object.getOwnPropertySymbols(object))).toEqual([])
    for (const object of clients) {
      const names = [...reachable(object)].flatMap((found) => Object.getOwnPropertyNames(found))
      expect(
        names.filter((name) => /cluster|broker|pool|sasl|socket/i.test(name) && name !== 'describeCluster'),
      ).toEqual([])
    }
  })

  test('2: an assigner gets a view of the cluster, and no connection', () => {
    let given: Cluster | undefined
    createKafka().consumer({
      groupId: 'orders-1',
      partitionAssigners: [
        ({ cluster }) => {
          given = cluster
          return {
            name: 'own',
            version: 1,
            assign: async () => [],
            protocol: () => ({ name: 'own', metadata: Buffer.alloc(0) }),
          }
        },
      ],
    })

    expect(Reflect.ownKeys(given ?? {})).toEqual(['isConnected', 'findTopicPartitionMetadata'])
    expect(Object.isFrozen(given)).toBe(true)
    expect(given?.findTopicPartitionMetadata('payments')).toEqual([])
  })

  test('3: a partitioner changes nothing of what is sent, and chooses only what is allowed', async () => {
    const records = await produce(createKafka(), {
      createPartitioner:
        () =>
        ({ message }) => {
          Buffer.isBuffer(message.value) && message.value.fill('x')
          message.value = 'changed'
          return 0
        },
    })
    const { createPartitioner } = createInnerProducerConfig({ createPartitioner: () => () => 2 }, gate)

    expect([records.includes('secret-value'), records.includes('changed')]).toEqual([true, false])
    expect(() => createPartitioner?.()({ topic: 'shards', partitionMetadata: [], message: { value: 'v' } })).toThrow(
      denied,
    )
  })

  test('4: a batch has its declared members, and no raw records', async () => {
    let seen: EachBatchPayload | undefined
    const batch = { topic: 'orders', partition: 0, highWatermark: '9', messages: [fetched()], rawMessages: [fetched()] }
    const inner = { batch: { ...batch, messagesWithinOffset: [fetched()] }, resolveOffset: () => {} }
    const guarded = guardEachBatch(
      async (payload) => {
        seen = payload
      },
      client,
      scope,
    )
    await guarded(inner as unknown as EachBatchPayload)

    expect(Object.keys(seen?.batch ?? {}).filter((name) => /raw|within/i.test(name))).toEqual([])
    expect(Object.keys(seen?.batch.messages[0] ?? {})).not.toContain('batchContext')
  })

  test('5: bytes of a record are a memory of their own', async () => {
    const { message } = await deliver(fetched())

    expect(`${message.value}`).toBe('value')
    expect(`${Buffer.from(message.value?.buffer as ArrayBuffer)}`).toBe('value')
  })

  test('6: no variable makes what is on the wire visible in a log', async () => {
    vi.stubEnv('KAFKAJS_LOG_LEVEL', 'debug')
    vi.stubEnv('KAFKAJS_DEBUG_PROTOCOL_BUFFERS', '1')
    vi.stubEnv('KAFKAJS_DEBUG_EXTENDED_PROTOCOL_BUFFERS', '1')
    await produce(createKafka({ logLevel: logLevel.DEBUG }))
    const text = JSON.stringify(lines)

    expect(lines.some(({ log }) => log.message.startsWith('Response'))).toBe(true)
    expect(lines.filter(({ log }) => 'data' in log || 'payload' in log)).toEqual([])
    for (const secret of ['secret-key', 'secret-value', 'e30.']) expect(text).not.toContain(secret)
  })

  test('7: a span has neither key nor value', async () => {
    const exporter = new InMemorySpanExporter()
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
    await deliver(messageOf({ key: Buffer.from('secret-key'), value: Buffer.from('secret-value') }))
    const [span] = exporter.getFinishedSpans()

    expect(span?.name).toBe('process orders')
    expect(JSON.stringify([span?.attributes, span?.events])).not.toContain('secret')
  })

  test('8: no codec but those that are built in sees records', () => {
    const spy = vi.fn()
    const registry = CompressionCodecs as Record<number, unknown>
    const none = 0
    registry[CompressionTypes.GZIP] = spy
    expect(() => Object.assign(registry, { [none]: spy })).toThrow(TypeError)
    expect(() => delete registry[CompressionTypes.GZIP]).toThrow(TypeError)
    expect(() => Object.setPrototypeOf(registry, { [none]: spy })).toThrow(TypeError)

    expect(registry[CompressionTypes.GZIP]).not.toBe(spy)
    expect(registry[none]).toBeUndefined()
    expect(Object.isFrozen(CompressionCodecs[CompressionTypes.GZIP]())).toBe(true)
  })

  test('9: addresses, sockets and credentials of the code lead nowhere', async () => {
    const config = { brokers: ['broker.internal:9092'], ssl: false, socketFactory: vi.fn() }
    const kafka = createKafka({ ...config, sasl: { mechanism: 'plain', username: 'u', password: 'p' } })
    listener.advertisedHost = 'localhost'

    await expect(produce(kafka)).rejects.toThrow()
    expect(config.socketFactory).not.toHaveBeenCalled()
    expect(listener.seen.filter(({ apiKey }) => apiKey === ApiKey.PRODUCE)).toEqual([])
  })

  test('10: the object that kafkajs writes the sign-in into is no other client’s', () => {
    const session = {
      open: async () => {},
      token: async () => 't',
      forgetToken: () => true,
      target: undefined,
      tokenLifetimeMs: 0,
    }
    const given = { mechanism: 'plain', username: 'u', password: 'p' } as const
    const [one, two] = [createInnerConfig({ sasl: given }, session), createInnerConfig({ sasl: given }, session)]

    expect(one.sasl).not.toBe(two.sasl)
    expect([one.sasl, two.sasl]).not.toContain(given)
    expect(one.sasl?.mechanism).toBe('oauthbearer')
  })

  test('11: an expression finds only what policy allows', () => {
    const [expression] = readSubscription({ topics: [/.*/gy] }, (topic) => topic === 'orders').topics

    expect(['orders', 'payments', 'orders'].map((topic) => (expression as RegExp).test(topic))).toEqual([
      true,
      false,
      true,
    ])
  })

  test('12: no topic is created by a misspelt name', async () => {
    await produce(createKafka())
    const asked = listener.seen.filter(({ apiKey }) => apiKey === ApiKey.METADATA)

    expect(asked.map(({ allowAutoTopicCreation }) => allowAutoTopicCreation)).not.toContain(true)
    expect(createInnerConsumerConfig({}, 'orders-1', gate, new GrantedPartitions(gate)).allowAutoTopicCreation).toBe(
      false,
    )
  })

  test('13: offsets and administration are decided on too, and what is not in the table is not there', async () => {
    const inner = { sendOffsets: vi.fn(), secret: 'cluster' } as unknown as Transaction
    const transaction = createTransaction(inner, client, { isIdempotent: true, transactionalId: 'orders-tx' })
    const offsets = { consumerGroupId: 'others', topics: [] }
    const admin = createKafka().admin()

    await expect(transaction.sendOffsets(offsets as never)).rejects.toThrow(denied)
    expect(inner.sendOffsets).not.toHaveBeenCalled()
    expect(transaction).not.toHaveProperty('secret')
    await admin.connect()
    await expect(admin.createAcls({ acl: [] })).rejects.toThrow(denied)
    await admin.disconnect()
  })

  test('14: no variable turns the check of certificates off', () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const connect = vi.spyOn(tls, 'connect').mockReturnValue({ setKeepAlive: () => {} } as never)
    const kafka = { cluster: 'c', bootstrap: ['gw.example:9092'], hosts: new Set(['gw.example']), isTls: true }
    const open = createGatewaySocketFactory(() => ({ kafka, ca: undefined }))
    open({ host: 'gw.example', port: 9092, ssl: { rejectUnauthorized: false }, onConnect: () => {} })
    createKafka()
    const warned = lines.find(({ log }) => log['processOptions'] !== undefined)

    expect(connect.mock.lastCall?.[0]).toMatchObject({ rejectUnauthorized: true, servername: 'gw.example' })
    expect(warned?.log['processOptions']).toContain('NODE_TLS_REJECT_UNAUTHORIZED')
    expect(warned?.label).toBe('WARN')
  })

  test('15: an error quotes nothing of a record', async () => {
    const producer = createKafka().producer()
    const message = { key: 'secret-key', value: undefined as unknown as string, headers: { h: 'secret-header' } }
    const error = await producer.send({ topic: 'orders', messages: [message] }).catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(Error)
    expect(`${(error as Error).message} ${(error as Error).stack}`).not.toContain('secret')
  })
})
