import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import {
  type Batch,
  type EachBatchPayload,
  type EachMessagePayload,
  Kafka,
  logLevel,
  type Producer,
  type Transaction,
} from '#kafkajs'
import { createBatch } from '../facades/batch.ts'
import { guardEachBatch, guardEachMessage } from '../facades/handlers.ts'
import { createTransaction } from '../facades/transaction.ts'
import { Kafka as HeadgateKafka, tokenCallback } from '../index.ts'
import { createTestClient } from '../testing/client.ts'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import { Gate } from './gate.ts'
import { adminSurface, producerSurface, surfaces } from './surface.ts'

const load = createRequire(import.meta.url)
const config = { brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }
const kafka = new Kafka(config)
const headgate = new HeadgateKafka({
  ...config,
  headgate: { gateway: 'https://127.0.0.1:1', bundleKeys: ['x'.repeat(43)], identity: tokenCallback(() => 'token') },
})
const policy = policyOf(ordersPolicy)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const client = createTestClient(gate)
const scope = { groupId: 'orders-1', topics: new Set(['orders']) }

/** A transaction of kafkajs itself; of the cluster behind it only the start of a transaction is asked. */
async function kafkajsTransaction(): Promise<Transaction> {
  const createProducer = load('kafkajs/src/producer') as (options: object) => Producer
  const coordinator = { initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }) }
  const cluster = { refreshMetadataIfNecessary: async () => {}, findGroupCoordinator: async () => coordinator }
  const logger = kafka.logger()
  const options = { cluster, logger, retry: {}, idempotent: true, transactionalId: 'tx', maxInFlightRequests: 1 }
  return createProducer(options).transaction()
}

function kafkajsBatch(): Batch {
  const KafkajsBatch = load('kafkajs/src/consumer/batch') as new (topic: string, offset: string, data: object) => Batch
  const message = { key: null, value: Buffer.from('v'), headers: {}, timestamp: '1', attributes: 0, offset: '7' }
  return new KafkajsBatch('orders', '7', {
    partition: 0,
    highWatermark: '9',
    abortedTransactions: [],
    messages: [message],
  })
}

/** What handlers of both kinds are given here, for what kafkajs hands over with members of its own beside. */
async function payloads(): Promise<[EachMessagePayload, EachBatchPayload]> {
  const seen: unknown[] = []
  const take = async (payload: unknown): Promise<void> => void seen.push(payload)
  const shared = { heartbeat: async () => {}, pause: () => () => {}, cluster: {}, commitOffsets: () => {} }
  const batch = kafkajsBatch()
  const [message] = batch.messages
  await guardEachMessage(take, client)({ ...shared, topic: 'orders', partition: 0, message: message! })
  const more = { resolveOffset: () => {}, commitOffsetsIfNecessary: async () => {}, isRunning: () => true }
  const given = { ...shared, ...more, batch, uncommittedOffsets: () => ({ topics: [] }), isStale: () => false }
  await guardEachBatch(take, client, scope)(given)
  return seen as [EachMessagePayload, EachBatchPayload]
}

/** Every name that an object answers to, those of its class included. */
function namesOf(object: object): string[] {
  const names = new Set<string>()
  for (let at = object; at !== Object.prototype && at !== null; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name)
  return [...names].sort()
}

const methodsOf = (object: object): string[] =>
  namesOf(object).filter((name) => typeof Reflect.get(object, name) === 'function')

/** Members that are no methods. */
const DATA: Readonly<Record<string, readonly string[]>> = {
  producer: ['events'],
  consumer: ['events'],
  admin: ['events'],
  batch: ['highWatermark', 'messages', 'partition', 'topic'],
  payload: ['batch', 'message', 'partition', 'topic'],
}
/** What `Kafka` has beside kafkajs's methods. */
const OWN = ['access', 'events', 'on']
/** Methods of kafkajs's batch that no type declares. They tell of raw records, and are not here. */
const UNDECLARED = [
  'isEmptyControlRecord',
  'isEmptyDueToFiltering',
  'isEmptyDueToLogCompactedMessages',
  'isEmptyIncludingFiltered',
]

describe('the one table', () => {
  const rowsOf = (name: keyof typeof surfaces): string[] => Object.keys(surfaces[name]).sort()

  test.each([
    ['kafka', kafka, headgate],
    ['producer', kafka.producer(), headgate.producer()],
    ['consumer', kafka.consumer({ groupId: 'g' }), headgate.consumer({ groupId: 'g' })],
    ['admin', kafka.admin(), headgate.admin()],
  ] as const)(
    "has a row for each method of kafkajs's %s, and the facade has these and no other",
    (name, plain, facade) => {
      expect(methodsOf(plain)).toEqual(rowsOf(name))
      const extra = name === 'kafka' ? OWN : []
      expect(namesOf(facade)).toEqual([...rowsOf(name), ...(DATA[name] ?? []), ...extra].sort())
      expect(rowsOf(name).filter((row) => typeof Reflect.get(facade, row) !== 'function')).toEqual([])
    },
  )

  test('has a row for each method of a transaction, and the facade has these and no other', async () => {
    const plain = await kafkajsTransaction()
    const facade = createTransaction(plain, client, { isIdempotent: true, transactionalId: 'tx' })

    expect(methodsOf(plain)).toEqual(rowsOf('transaction'))
    expect(namesOf(facade)).toEqual(rowsOf('transaction'))
  })

  test('has a row for each declared method of a batch, and the facade has these and no other', () => {
    const plain = kafkajsBatch()
    const facade = createBatch(plain, [])

    expect(methodsOf(plain).filter((name) => !UNDECLARED.includes(name))).toEqual(rowsOf('batch'))
    expect(namesOf(facade)).toEqual([...rowsOf('batch'), ...(DATA['batch'] ?? [])].sort())
  })

  test('has a row for each method of what handlers are given, and nothing else is handed on', async () => {
    const [each, batch] = await payloads()
    const names = [...new Set([...namesOf(each), ...namesOf(batch)])].sort()

    expect(names).toEqual([...rowsOf('payload'), ...(DATA['payload'] ?? [])].sort())
    expect(namesOf(each)).toEqual(['heartbeat', 'message', 'partition', 'pause', 'topic'])
  })

  test.each([
    ['producer', kafka.producer(), headgate.producer()],
    ['consumer', kafka.consumer({ groupId: 'g' }), headgate.consumer({ groupId: 'g' })],
    ['admin', kafka.admin(), headgate.admin()],
  ] as const)('the events of the %s are those of kafkajs', (_, plain, facade) => {
    expect(facade.events).toEqual(plain.events)
  })

  test('a member that nobody decided on is undefined', () => {
    for (const facade of [headgate, headgate.producer(), headgate.consumer({ groupId: 'g' }), headgate.admin()]) {
      expect(Reflect.get(facade, 'flush')).toBeUndefined()
      expect(Object.getOwnPropertySymbols(facade)).toEqual([])
    }
  })
})

test('a send asks for the whole topic unless each message names its partition', () => {
  const producerScope = { isIdempotent: false, transactionalId: undefined }
  const messages = [
    { value: 'a', partition: 2 },
    { value: 'b', partition: 2 },
  ]
  const [ask] = producerSurface.send(producerScope, { topic: 't', messages })
  const [open] = producerSurface.send(producerScope, { topic: 't', messages: [...messages, { value: 'c' }] })

  expect(ask?.partitions?.()).toEqual([2])
  expect(open?.partitions?.()).toBeUndefined()
})

test('what is no list asks nothing, because kafkajs refuses it itself', async () => {
  expect(adminSurface.deleteTopics(undefined, { topics: 'payments' as unknown as string[] })).toEqual([])
  await expect(kafka.admin().deleteTopics({ topics: 'payments' as unknown as string[] })).rejects.toThrow(
    'Invalid topics',
  )
})
