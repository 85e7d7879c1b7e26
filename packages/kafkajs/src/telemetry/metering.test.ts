import { systemClock } from '@headgate/core'
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EachBatchPayload } from '#kafkajs'
import { Gate } from '../access/gate.ts'
import { guardEachBatch, guardEachMessage } from '../facades/handlers.ts'
import { createTestClient } from '../testing/client.ts'
import { createMessageBatch } from '../testing/message-batch.ts'
import { messageOf } from '../testing/obligations.ts'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import { Metering } from './metering.ts'

const metering = new Metering({ clientId: 'orders', groupId: 'orders-1' }, systemClock)
const secret = { key: 'secret-key', value: 'secret-value' }
let exporter: InMemoryMetricExporter
let provider: MeterProvider

beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  metrics.setGlobalMeterProvider(provider)
})
afterEach(async () => {
  metrics.disable()
  await provider.shutdown()
})

interface Point {
  readonly name: string
  readonly attributes: Record<string, unknown>
  readonly value: unknown
}

async function points(): Promise<Point[]> {
  await provider.forceFlush()
  const [collected] = exporter.getMetrics().slice(-1)
  return (collected?.scopeMetrics ?? []).flatMap(({ metrics: all }) =>
    all.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes: { ...attributes }, value })),
    ),
  )
}

const named = (all: readonly Point[], name: string): Point[] => all.filter((point) => point.name === name)

test('a send is timed once, and its messages are counted for each topic', async () => {
  const batch = [
    { topic: 'orders', messages: [secret, secret] },
    { topic: 'orders.eu', messages: [secret] },
  ]
  await metering.send(batch, async () => [])
  await expect(metering.send([batch[1]!], () => Promise.reject(new TypeError('secret-value')))).rejects.toThrow(
    TypeError,
  )
  const all = await points()

  const sent = named(all, 'messaging.client.sent.messages')
  expect(
    sent.map(({ attributes, value }) => [attributes['messaging.destination.name'], attributes['error.type'], value]),
  ).toEqual([
    ['orders', undefined, 2],
    ['orders.eu', undefined, 1],
    ['orders.eu', 'TypeError', 1],
  ])
  expect(sent[0]?.attributes).toEqual({
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'orders',
    'messaging.client.id': 'orders',
    'messaging.consumer.group.name': 'orders-1',
  })
  expect(
    named(all, 'messaging.client.operation.duration').map(({ value }) => (value as { count: number }).count),
  ).toEqual([1, 1])
  expect(JSON.stringify(all)).not.toContain('secret')
})

test('what handlers are given is counted, and handlers are timed', async () => {
  const policy = policyOf(ordersPolicy)
  const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
  const client = createTestClient(gate, { metering })
  const message = messageOf({ key: Buffer.from('secret-key'), value: Buffer.from('secret-value') })
  const shared = { heartbeat: async () => {}, pause: () => () => {} }
  await guardEachMessage(async () => {}, client)({ ...shared, topic: 'orders', partition: 3, message })
  const batch = { topic: 'orders', partition: 3, highWatermark: '9', messages: [message, message] }
  const scope = { groupId: 'orders-1', topics: new Set(['orders']) }
  const failing = guardEachBatch(() => Promise.reject(new RangeError('secret-value')), client, scope)
  await expect(failing({ ...shared, batch } as unknown as EachBatchPayload)).rejects.toThrow(RangeError)
  const all = await points()

  expect(named(all, 'messaging.client.consumed.messages').map(({ value }) => value)).toEqual([3])
  expect(named(all, 'messaging.process.duration').map(({ attributes }) => attributes['error.type'])).toEqual([
    undefined,
    'RangeError',
  ])
  expect(named(all, 'messaging.process.duration')[0]?.attributes).toMatchObject({
    'messaging.destination.partition.id': '3',
  })
  expect(JSON.stringify(all)).not.toContain('secret')
})

test('handlers that share a span are timed one by one', async () => {
  const policy = policyOf(ordersPolicy)
  const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
  const batch = createMessageBatch('orders', [messageOf({ offset: '1' }), messageOf({ offset: '2' })])
  await guardEachMessage(async () => {}, createTestClient(gate, { metering })).takeBatch(batch)
  const all = await points()

  expect(named(all, 'messaging.client.consumed.messages').map(({ value }) => value)).toEqual([2])
  expect(named(all, 'messaging.process.duration').map(({ value }) => (value as { count: number }).count)).toEqual([2])
})

test('fetches and commits are operations of their own', async () => {
  metering.polled(20)
  await metering.commit(async () => {})

  const durations = named(await points(), 'messaging.client.operation.duration')
  expect(durations.map(({ attributes }) => attributes['messaging.operation.name'])).toEqual(['poll', 'commit'])
  expect((durations[0]!.value as { sum: number }).sum).toBeCloseTo(0.02)
})

test('nothing is measured until an SDK is registered, which may come late', async () => {
  metrics.disable()
  await metering.commit(async () => {})
  metrics.setGlobalMeterProvider(provider)
  expect(await points()).toEqual([])
  await metering.commit(async () => {})

  expect(named(await points(), 'messaging.client.operation.duration')).toHaveLength(1)
})
