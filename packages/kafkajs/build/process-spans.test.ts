import { context, propagation, type Span, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { EachMessagePayload, KafkaMessage } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ActivePolicy, Gate } from '../src/access/gate.ts'
import type { Client } from '../src/facades/client.ts'
import { guardEachMessage } from '../src/facades/handlers.ts'
import { Tracing } from '../src/telemetry/tracing.ts'
import { createTestClient } from '../src/testing/client.ts'
import { ManualClock, settled } from '../src/testing/manual-clock.ts'
import { policyOf } from '../src/testing/policy.ts'
import { createTestRunner, type TestRunner } from './run-batch.ts'

const RULES =
  'rules: [{ id: reads, who: { subjects: [orders] }, may: { consume: [orders, masked], as: ["orders-*"] } }]'
const MASKS = 'topics: [{ match: [masked], format: json, mask: [{ fields: ssn, with: last-4 }] }]\n'
const exporter = new InMemorySpanExporter()

function register(sampler?: Sampler): void {
  trace.disable()
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(sampler && { sampler }),
  })
  trace.setGlobalTracerProvider(provider)
}

let clock: ManualClock
let policy: ActivePolicy
beforeEach(() => {
  exporter.reset()
  clock = new ManualClock()
  policy = policyOf(MASKS + RULES, 7)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
  register()
})
afterEach(() => {
  trace.disable()
  propagation.disable()
  context.disable()
})

const spans = (): ReturnType<typeof exporter.getFinishedSpans> => exporter.getFinishedSpans()
const traceId = (n: number): string => `${n}`.padStart(32, '0')
const parentOf = (n: number, flags = '01'): Record<string, string> => ({
  traceparent: `00-${traceId(n)}-b7ad6b7169203331-${flags}`,
})
const record = (
  offset: number,
  headers: Record<string, string> = {},
  value: string | null = 'secret',
): KafkaMessage => ({
  key: Buffer.from('secret-key'),
  value: value === null ? null : Buffer.from(value),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  timestamp: '1',
  attributes: 0,
  offset: `${offset}`,
})

type Handle = (payload: EachMessagePayload, runner: TestRunner) => unknown

/** A runner under the policy; what handlers are given is seen, with the span that was active. */
function createRunner(handle: Handle = () => {}, kind: 'plain' | 'mended' = 'mended', changes: Partial<Client> = {}) {
  const source = { current: () => policy, isOpen: () => true, renew: async () => {} }
  const tracing = new Tracing({ clientId: 'orders', groupId: 'orders-1' }, true)
  const client = createTestClient(new Gate(source, () => {}), { tracing, clock, ...changes })
  const seen: { readonly offset: string; readonly span: Span | undefined }[] = []
  const guarded = guardEachMessage(async (payload) => {
    seen.push({ offset: payload.message.offset, span: trace.getActiveSpan() })
    await handle(payload, runner)
  }, client)
  const runner: TestRunner = createTestRunner(kind, guarded)
  return { ...runner, seen, activeIds: () => seen.map(({ span }) => span?.spanContext().spanId) }
}

const offsetsOf = ({ attributes }: { readonly attributes: Record<string, unknown> }): unknown[] => [
  attributes['messaging.batch.message_count'],
  attributes['messaging.kafka.offset'] ?? attributes['headgate.first_offset'],
  attributes['headgate.last_offset'],
]

describe('eachMessage', () => {
  test('records without a sender share one span, and are handled inside it', async () => {
    const { run, activeIds } = createRunner()
    await run('orders', 3, [record(5), record(6), record(7)])
    const [span] = spans()

    expect(spans()).toHaveLength(1)
    expect(span?.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.client.id': 'orders',
      'messaging.consumer.group.name': 'orders-1',
      'messaging.destination.partition.id': '3',
      'messaging.batch.message_count': 3,
      'headgate.first_offset': 5,
      'headgate.last_offset': 7,
      'headgate.decision': 'allow',
      'headgate.rule_ids': ['reads'],
      'headgate.policy.revision': 7,
    })
    expect(span).toMatchObject({ name: 'process orders', parentSpanContext: undefined, links: [] })
    expect(activeIds()).toEqual(Array(3).fill(span?.spanContext().spanId))
  })

  test('records of one send share a span that continues its trace and links to it', async () => {
    const { run, activeIds } = createRunner()
    await run('orders', 0, [record(5, parentOf(1)), record(6, parentOf(1)), record(7, parentOf(2))])

    expect(spans().map((span) => [span.parentSpanContext?.traceId, span.links.length, ...offsetsOf(span)])).toEqual([
      [traceId(1), 1, 2, 5, 6],
      [traceId(2), 0, undefined, 7, undefined],
    ])
    const [both, single] = spans().map((span) => span.spanContext().spanId)
    expect(activeIds()).toEqual([both, both, single])
  })

  test('a record whose neighbours have other senders has a span of its own, in the trace of its sender', async () => {
    const { run, activeIds } = createRunner()
    const given = [1, 2, 3, 3, 4].map((sender, at) => record(at, parentOf(sender), at === 1 ? null : 'secret'))
    await run('orders', 0, given)

    expect(spans().map((span) => [span.parentSpanContext?.traceId, ...offsetsOf(span)])).toEqual([
      [traceId(1), undefined, 0, undefined],
      [traceId(2), undefined, 1, undefined],
      [traceId(3), 2, 2, 3],
      [traceId(4), undefined, 4, undefined],
    ])
    const ids = spans().map((span) => span.spanContext().spanId)
    expect(activeIds()).toEqual([ids[0], ids[1], ids[2], ids[2], ids[3]])
    expect(spans().map(({ attributes }) => attributes['messaging.kafka.message.tombstone'])).toEqual([
      undefined,
      true,
      undefined,
      undefined,
    ])
  })

  test('what takes a millisecond has a span of its own, also without a sender', async () => {
    const { run } = createRunner(() => clock.pass(1))
    await run('orders', 0, [record(1), record(2, parentOf(1)), record(3, parentOf(1))])

    expect(spans().map((span) => offsetsOf(span))).toEqual([
      [undefined, 1, undefined],
      [undefined, 2, undefined],
      [undefined, 3, undefined],
    ])
  })

  test('a record that its sender did not sample has no span, and its handler runs in the context of the sender', async () => {
    const children: Span[] = []
    const baggage: (string | undefined)[] = []
    const { run, seen } = createRunner(() => {
      baggage.push(propagation.getBaggage(context.active())?.getEntry('tenant')?.value)
      const child = trace.getTracer('application').startSpan('child')
      children.push(child)
      child.end()
    })
    const given = [1, 2, 3].map((n) => record(n, { ...parentOf(n, '00'), baggage: `tenant=t${n}` }))
    await run('orders', 0, [...given, record(4, parentOf(4)), record(5)])

    expect(spans().map((span) => [span.name, span.spanContext().traceId === traceId(4)])).toEqual([
      ['child', true],
      ['process orders', true],
      ['child', false],
      ['process orders', false],
    ])
    const contexts = seen.map(({ span }) => span?.spanContext())
    expect(contexts.map((it) => it?.traceFlags)).toEqual([0, 0, 0, 1, 1])
    expect(contexts.slice(0, 3).map((it) => it?.traceId)).toEqual([1, 2, 3].map(traceId))
    expect(children.slice(0, 3).map((child) => child.spanContext().traceId)).toEqual([1, 2, 3].map(traceId))
    expect(children.slice(0, 3).map((child) => child.isRecording())).toEqual([false, false, false])
    expect(baggage).toEqual(['t1', 't2', 't3', undefined, undefined])
  })

  test('a sampler that does not go by the sender is asked about each record', async () => {
    register(new AlwaysOnSampler())
    await createRunner().run(
      'orders',
      0,
      [1, 2, 3, 4].map((n) => record(n, parentOf(n, '00'))),
    )

    expect(spans().map(({ parentSpanContext }) => parentSpanContext?.traceId)).toEqual([1, 2, 3, 4].map(traceId))
    expect(spans().every((span) => span.spanContext().traceFlags === TraceFlags.SAMPLED)).toBe(true)
  })

  test('a sampler that goes by the sender is asked again after a millisecond', async () => {
    const asked: string[] = []
    const sampler: Sampler = {
      shouldSample: (_, id) => {
        asked.push(id)
        return { decision: 0 }
      },
      toString: () => 'counting',
    }
    register(sampler)
    const { run } = createRunner(({ message }) => (message.offset === '3' ? clock.pass(1) : undefined))
    await run(
      'orders',
      0,
      [1, 2, 3, 4, 5].map((n) => record(n, parentOf(n, '00'))),
    )

    // The second one too: until then it is not known that neighbours have senders of their own.
    expect(asked).toEqual([1, 2, 4].map(traceId))
  })

  test('a handler that throws leaves its kind of error and the offset of its record, and no words of it', async () => {
    const fail: Handle = ({ message }) => {
      if (message.offset === '6') throw new RangeError('secret')
    }
    const { run, group } = createRunner(fail)
    await expect(run('orders', 0, [record(5), record(6), record(7)])).rejects.toThrow(RangeError)
    await expect(run('orders', 0, [record(6), record(7)])).rejects.toThrow(RangeError)
    const own = [record(4, parentOf(1)), record(5, parentOf(2)), record(6, parentOf(3)), record(7, parentOf(4))]
    await expect(createRunner(fail).run('orders', 0, own)).rejects.toThrow(RangeError)

    expect(
      spans().map(({ status, attributes }) => [
        status.code,
        attributes['error.type'],
        attributes['headgate.failed_offset'],
        attributes['messaging.kafka.offset'] ?? attributes['headgate.last_offset'],
      ]),
    ).toEqual([
      [SpanStatusCode.ERROR, 'RangeError', 6, 6],
      [SpanStatusCode.ERROR, 'RangeError', undefined, 6],
      [SpanStatusCode.UNSET, undefined, undefined, 4],
      [SpanStatusCode.UNSET, undefined, undefined, 5],
      [SpanStatusCode.ERROR, 'RangeError', undefined, 6],
    ])
    expect(group.calls).toContain('commit')
    expect(JSON.stringify(spans().map(({ attributes, events, status }) => [attributes, events, status]))).not.toContain(
      'secret',
    )
  })

  test.each<[string, Handle]>([
    [
      'stops',
      (_, { runner }) => {
        runner.running = false
      },
    ],
    ['is paused', ({ pause }) => void pause()],
    ['seeks', (_, { group }) => void group.sought.set('orders', 0 as never)],
    [
      'is told to rebalance',
      (_, { group }) => {
        group.lastRequest = 0
        group.heartbeatError = new Error('rebalancing')
      },
    ],
  ])('the span ends when the consumer %s, and that is no error of the handler', async (_, work) => {
    for (const headers of [[{}, {}, {}], [1, 2, 3].map((n) => parentOf(n))]) {
      exporter.reset()
      const { run, seen } = createRunner((payload, runner) => payload.message.offset === '2' && work(payload, runner))
      await run(
        'orders',
        0,
        headers.map((it, at) => record(at + 1, it)),
      ).catch(() => {})

      expect(seen.map(({ offset }) => offset)).toEqual(['1', '2'])
      expect(seen.every(({ span }) => span?.isRecording() === false)).toBe(true)
      expect(spans().map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual(
        spans().map(() => [SpanStatusCode.UNSET, undefined]),
      )
    }
  })

  test('partitions that are handled at once have spans of their own', async () => {
    const order: number[] = []
    const { run, seen } = createRunner(async ({ partition }) => {
      order.push(partition)
      await settled()
    })
    await Promise.all([run('orders', 0, [record(1), record(2)]), run('orders', 1, [record(3), record(4)])])

    expect(order).toEqual([0, 1, 0, 1])
    const byPartition = new Map(
      spans().map((span) => [span.attributes['messaging.destination.partition.id'], span.spanContext().spanId]),
    )
    expect(new Map(seen.map(({ offset, span }) => [offset, span?.spanContext().spanId]))).toEqual(
      new Map([
        ['1', byPartition.get('0')],
        ['2', byPartition.get('0')],
        ['3', byPartition.get('1')],
        ['4', byPartition.get('1')],
      ]),
    )
    expect(byPartition.size).toBe(2)
  })

  test('a decision is told as an event once, and a newer policy has a span and an event of its own', async () => {
    const { run } = createRunner(({ message }) => {
      if (message.offset === '2') policy = policyOf(MASKS + RULES, 8)
    })
    await run(
      'orders',
      0,
      [1, 2, 3, 4].map((n) => record(n)),
    )
    await run(
      'orders',
      0,
      [5, 6].map((n) => record(n)),
    )

    expect(
      spans().map((span) => [span.events.length, span.attributes['headgate.policy.revision'], ...offsetsOf(span)]),
    ).toEqual([
      [1, 7, 2, 1, 2],
      [1, 8, 2, 3, 4],
      [0, 8, 2, 5, 6],
    ])
  })

  test('a policy that refuses the topic ends the delivery, and no span accounts for what was not handed out', async () => {
    const { run, seen, group } = createRunner(() => {
      policy = policyOf('rules: []', 8)
    })
    await expect(run('orders', 0, [record(1), record(2)])).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED' })

    expect(seen).toHaveLength(1)
    expect(spans().map((span) => offsetsOf(span))).toEqual([[undefined, 1, undefined]])
    expect([group.calls[0], group.calls.at(-1)]).toEqual(['resolve 1', 'commit'])
  })

  test('a span counts what was masked and withheld among its records; what is withheld has none', async () => {
    const values = ['not JSON', '{"ssn":"123456789"}', 'not JSON', '{"ssn":"123456789"}', '{}']
    const { run, seen } = createRunner()
    await run(
      'masked',
      0,
      values.map((value, at) => record(at, {}, value)),
    )
    await run('masked', 0, [record(9, {}, 'not JSON')])

    expect(seen.map(({ offset }) => offset)).toEqual(['1', '3', '4'])
    expect(spans().map(({ attributes }) => attributes)).toMatchObject([
      {
        'messaging.batch.message_count': 3,
        'headgate.masked.fields': ['ssn'],
        'headgate.masked.count': 2,
        'headgate.withheld.count': 1,
      },
    ])
  })

  test('masks are counted for the record that they were made in', async () => {
    const given = [1, 2, 3].map((n) => record(n, parentOf(n), `{"ssn":"${n}23456789","n":${n}}`))
    await createRunner().run('masked', 0, given)

    expect(spans().map(({ attributes }) => attributes['headgate.masked.count'])).toEqual([1, 1, 1])
  })

  test('under a kafkajs that hands out single records each has a span of its own', async () => {
    const { run, activeIds } = createRunner(() => {}, 'plain')
    await run('orders', 0, [record(1), record(2, parentOf(1))])

    expect(spans().map((span) => [span.parentSpanContext?.traceId, ...offsetsOf(span)])).toEqual([
      [undefined, undefined, 1, undefined],
      [traceId(1), undefined, 2, undefined],
    ])
    expect(activeIds()).toEqual(spans().map((span) => span.spanContext().spanId))
  })

  test('the span that a consumer was run in is the parent of records without a sender, and a link of the others', async () => {
    const ambient = trace.getTracer('application').startSpan('ambient').spanContext()
    const { run } = createRunner()
    await context.with(trace.setSpanContext(context.active(), ambient), () =>
      run('orders', 0, [record(1), record(2, parentOf(1))]),
    )

    expect(spans().map((span) => [span.parentSpanContext?.traceId, span.links.map((link) => link.context)])).toEqual([
      [ambient.traceId, []],
      [traceId(1), [ambient]],
    ])
  })

  test('without spans records are handled in the context of the consumer', async () => {
    const { run, seen } = createRunner(() => {}, 'mended', { tracing: new Tracing({ clientId: 'orders' }, false) })
    const ambient = trace.getTracer('application').startSpan('ambient')
    await context.with(trace.setSpan(context.active(), ambient), () => run('orders', 0, [record(1, parentOf(1))]))

    expect([spans().length, seen[0]?.span]).toEqual([0, ambient])
  })

  test('neither key nor value is in any span', async () => {
    const { run } = createRunner()
    await run('orders', 0, [record(1), record(2), record(3, parentOf(1)), record(4, parentOf(2, '00'))])

    expect(
      JSON.stringify(spans().map(({ name, attributes, events, links }) => [name, attributes, events, links])),
    ).not.toContain('secret')
  })
})
