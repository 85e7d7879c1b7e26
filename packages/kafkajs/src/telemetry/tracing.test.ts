import { decide, Operation } from '@headgate/policy'
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EachMessagePayload, TopicMessages } from '#kafkajs'
import { Gate } from '../access/gate.ts'
import { deliverySurface } from '../access/surface.ts'
import { MaskTally } from '../masking/mask-tally.ts'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import { workAttributes } from './attributes.ts'
import { isTracing, Tracing, traceDenial } from './tracing.ts'

const policy = policyOf(ordersPolicy, 7)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const tracing = new Tracing({ clientId: 'orders', groupId: 'orders-1' }, true)
const exporter = new InMemorySpanExporter()

beforeEach(() => {
  exporter.reset()
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
})
afterEach(() => {
  trace.disable()
  propagation.disable()
  context.disable()
})

const spans = (): ReturnType<typeof exporter.getFinishedSpans> => exporter.getFinishedSpans()
const ask = { resourceType: 'topic', operation: Operation.Write, name: 'orders' } as const
const work = { admission: gate.admitNow('producer.send', [ask]), askIds: ['ask_1'] }
const record: TopicMessages = { topic: 'orders', messages: [{ key: 'secret-key', value: 'secret-value' }] }

test('tracing is off until an SDK is registered', () => {
  expect(isTracing()).toBe(true)
  trace.disable()
  expect([isTracing(), tracing.isOn]).toEqual([false, false])
})

test('a send is one producer span that carries the decision and hands its context on', async () => {
  let headers: Readonly<Record<string, string>> = {}
  await tracing.send([record], work, async (given) => {
    headers = given
    return [{ topicName: 'orders', partition: 2, errorCode: 0, baseOffset: '41' }]
  })
  const [span] = spans()

  expect(span).toMatchObject({ name: 'send orders', kind: SpanKind.PRODUCER })
  expect(span?.attributes).toEqual({
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'orders',
    'messaging.client.id': 'orders',
    'messaging.consumer.group.name': 'orders-1',
    'messaging.destination.partition.id': '2',
    'messaging.kafka.offset': 41,
    'headgate.decision': 'allow',
    'headgate.rule_ids': ['orders-does-orders'],
    'headgate.policy.revision': 7,
    'headgate.ask.ids': ['ask_1'],
  })
  expect(span?.events).toMatchObject([
    {
      name: 'headgate.decision',
      attributes: {
        'headgate.effect': 'allow',
        'headgate.rule_ids': ['orders-does-orders'],
        'headgate.policy.revision': 7,
        'headgate.policy.digest': policy.program.digest,
      },
    },
  ])
  expect(headers['traceparent']).toContain(span?.spanContext().spanId)
  expect(JSON.stringify([span?.attributes, span?.events])).not.toContain('secret')
})

test('a batch of several topics is one span without a destination', async () => {
  const other = { topic: 'orders.eu', messages: [{ value: 'a' }, { value: 'b' }] }
  await tracing.send([record, other], work, async () => [])

  expect(spans()).toMatchObject([{ name: 'send', attributes: { 'messaging.batch.message_count': 3 } }])
  expect(spans()[0]?.attributes).not.toHaveProperty('messaging.destination.name')
})

test('a failed send has the kind of error and not its words', async () => {
  const failure = tracing.send([record], work, () => Promise.reject(new TypeError('secret-value is wrong')))
  await expect(failure).rejects.toThrow(TypeError)

  expect(spans()).toMatchObject([{ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'TypeError' } }])
  expect(JSON.stringify([spans()[0]?.attributes, spans()[0]?.status, spans()[0]?.events])).not.toContain('secret')
})

const senderSpan = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
const message = {
  key: null,
  value: null,
  headers: { traceparent: Buffer.from(`00-${senderSpan.traceId}-${senderSpan.spanId}-01`) },
  timestamp: '1',
  attributes: 0,
  offset: '9',
}

test('a record is processed in the trace of its sender', async () => {
  const payload = { topic: 'orders', partition: 1, message } as unknown as EachMessagePayload
  const admission = await gate.admit('consumer.eachMessage', deliverySurface.eachMessage(payload))
  let active: string | undefined
  await tracing.processMessage(payload, { admission, askIds: [] }, async () => {
    active = trace.getActiveSpan()?.spanContext().spanId
  })
  const [span] = spans()

  expect(span).toMatchObject({ name: 'process orders', kind: SpanKind.CONSUMER })
  expect(span?.parentSpanContext).toMatchObject(senderSpan)
  expect(active).toBe(span?.spanContext().spanId)
  expect(span?.attributes).toMatchObject({
    'messaging.consumer.group.name': 'orders-1',
    'messaging.kafka.offset': 9,
    'messaging.kafka.message.tombstone': true,
  })
})

test('records of one topic tell their decision as an event once, and each has it as attributes', async () => {
  const own = new Tracing({ clientId: 'orders', groupId: 'orders-1' }, true)
  const process = async (by: Gate, traceparent: string): Promise<void> => {
    const headers = { traceparent: Buffer.from(traceparent) }
    const payload = { topic: 'orders', partition: 1, message: { ...message, headers } } as unknown as EachMessagePayload
    const admission = await by.admit('consumer.eachMessage', deliverySurface.eachMessage(payload))
    await own.processMessage(payload, { admission, askIds: [] }, async () => {})
  }
  const newer = policyOf(ordersPolicy, 8)
  const next = new Gate({ current: () => newer, isOpen: () => true, renew: async () => {} }, () => {})
  const other = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
  for (const [by, parent] of [
    [gate, `${message.headers.traceparent}`],
    [gate, `${message.headers.traceparent}`],
    [gate, other],
    [next, other],
  ] as const)
    await process(by, parent)

  expect(
    spans().map(({ events, attributes, parentSpanContext }) => [
      events.length,
      attributes['headgate.decision'],
      attributes['headgate.policy.revision'],
      parentSpanContext?.traceId,
    ]),
  ).toEqual([
    [1, 'allow', 7, senderSpan.traceId],
    [0, 'allow', 7, senderSpan.traceId],
    [0, 'allow', 7, '1'.repeat(32)],
    [1, 'allow', 8, '1'.repeat(32)],
  ])
})

test('a batch links to its senders', async () => {
  const batch = { topic: 'orders', partition: 1, messages: [message, { ...message, headers: {} }] } as never
  await tracing.processBatch(batch, work, async () => {})

  expect(spans().map(({ name, kind, links }) => [name, kind, links.length])).toEqual([
    ['poll orders', SpanKind.CLIENT, 1],
    ['process orders', SpanKind.CONSUMER, 1],
  ])
})

test('a refusal leaves an authorize span that says why', () => {
  const decision = decide(policy.program, 'topic', Operation.Write, 'audit-log')
  const denied = { method: 'producer.send', resourceType: 'topic', resourceName: 'audit-log' } as const
  const digest = policy.program.digest
  traceDenial({ ...denied, operation: Operation.Write, decision, policyRevision: 7, programDigest: digest }, 'orders')

  expect(spans()).toMatchObject([
    {
      name: 'authorize audit-log',
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.ERROR, message: 'denied-by-rule' },
      events: [{ attributes: { 'headgate.effect': 'deny', 'headgate.rule_ids': ['nobody-writes-audit'] } }],
    },
  ])
})

test('a send inside a trace continues it', async () => {
  const parent = trace.setSpanContext(ROOT_CONTEXT, senderSpan)
  let headers = {}
  await context.with(parent, () =>
    tracing.send([record], work, async (given) => {
      headers = given
      return []
    }),
  )

  expect(spans()[0]?.parentSpanContext).toMatchObject(senderSpan)
  expect(Object.keys(headers)).toEqual(['traceparent'])
})

test('a span tells what was masked and withheld, by the names of the policy, and the asks', () => {
  const tally = new MaskTally()
  tally.addMasked([{ field: 'card/number', count: 2 }])
  tally.addMasked([{ field: 'header:x-user', count: 1 }])
  tally.keep()
  tally.withhold('not-json')

  expect(workAttributes({ ...work, tally })).toEqual({
    'headgate.decision': 'allow',
    'headgate.rule_ids': ['orders-does-orders'],
    'headgate.policy.revision': 7,
    'headgate.masked.fields': ['card/number', 'header:x-user'],
    'headgate.masked.count': 3,
    'headgate.withheld.count': 1,
    'headgate.ask.ids': ['ask_1'],
  })
})
