import type { Kafka } from '@headgate/kafkajs'
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headgateKafka } from '../clients/kafkajs-clients.ts'
import { recordForSweep, SWEPT } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: orders-service-owns-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
`
const exporter = new InMemorySpanExporter()
let world: World

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
  })
})

afterAll(async () => {
  trace.disable()
  propagation.disable()
  context.disable()
  await world?.close()
})

function kafka(): Kafka {
  return headgateKafka(world, 'orders')
}

test('a send and a processed record are spans with the decision, and neither key nor value is in them [spans]', async () => {
  const producer = kafka().producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: `key-${SWEPT}`, value: `value-${SWEPT}` }] })
  await expect(
    producer.send({ topic: 'elsewhere', messages: [{ key: `key-${SWEPT}`, value: `value-${SWEPT}` }] }),
  ).rejects.toThrow()
  await producer.disconnect()
  const active = await activeSpanWhileReading()

  const spans = exporter.getFinishedSpans()
  const sent = spans.find(({ name }) => name === 'send orders')
  const processed = spans.find(({ name }) => name === 'process orders')
  expect(sent).toMatchObject({
    kind: SpanKind.PRODUCER,
    attributes: { 'messaging.system': 'kafka', 'messaging.kafka.offset': 0 },
  })
  expect(sent?.events[0]).toMatchObject({
    name: 'headgate.decision',
    attributes: { 'headgate.effect': 'allow', 'headgate.rule_ids': ['orders-service-owns-orders'] },
  })
  expect(processed).toMatchObject({ kind: SpanKind.CONSUMER })
  expect(active).toBe(processed?.spanContext().spanId)
  expect(spans.find(({ name }) => name === 'authorize elsewhere')).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
  })
  const everything = JSON.stringify(
    spans.map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
  )
  recordForSweep('span', everything)
  expect(everything).not.toContain('c0ffee')
})

async function activeSpanWhileReading(): Promise<string | undefined> {
  const consumer = kafka().consumer({ groupId: 'orders-readers' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  const span = await new Promise<Span | undefined>((resolve, reject) => {
    consumer.run({ eachMessage: async () => resolve(trace.getActiveSpan()) }).catch(reject)
  })
  await consumer.disconnect()
  return span?.spanContext().spanId
}
