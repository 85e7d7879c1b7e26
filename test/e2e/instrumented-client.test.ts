import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../world/start-world.ts'
import { createPackedProject, type PackedProject, TELEMETRY, type ToldSpan } from './packed/packed-project.ts'

const POLICY = `
rules:
  - id: orders-service-owns-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
`

interface Printed {
  readonly isPlainPatched: boolean
  readonly each: object
  readonly batch: object
  readonly spans: readonly ToldSpan[]
  readonly metrics: readonly { readonly scope: string; readonly name: string }[]
}

let world: World
let project: PackedProject

beforeAll(async () => {
  project = createPackedProject(['telemetry.mjs', 'traffic.cjs', 'orders.cjs', 'orders.mjs'], {
    ...TELEMETRY,
    kafkajs: '2.2.4',
  })
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
  })
})
afterAll(async () => {
  await world?.close()
  project?.consumer.remove()
})

describe.each(['orders.mjs', 'orders.cjs'])(
  'the packed client beside the instrumentation of kafkajs (%s) [client-telemetry]',
  (program) => {
    let printed: Printed
    beforeAll(async () => {
      printed = await project.run<Printed>(program, world.environmentOf('orders'))
    })

    test('the instrumentation is at work, and has found nothing of the client', () => {
      expect(printed.isPlainPatched).toBe(true)
      expect([...new Set(printed.spans.map(({ scope }) => scope))]).toEqual(['@headgate/kafkajs'])
      expect([...new Set(printed.metrics.map(({ scope }) => scope))]).toEqual(['@headgate/kafkajs'])
    })

    test('there is one span for each thing that was done', () => {
      const count = (name: string): number => printed.spans.filter((span) => span.name === name).length
      const processed = printed.spans.filter(({ name }) => name === 'process orders')

      expect([count('send orders'), count('poll orders')]).toEqual([1, 1])
      expect(processed.map(({ attributes }) => attributes['messaging.consumer.group.name'])).toEqual([
        'orders-each',
        'orders-batch',
      ])
      expect(printed.metrics.map(({ name }) => name).sort()).toEqual([
        'messaging.client.consumed.messages',
        'messaging.client.operation.duration',
        'messaging.client.sent.messages',
        'messaging.process.duration',
      ])
    })

    test('the context travels in the headers, and the frozen message of the caller is as it was', () => {
      const record = { key: 'key-in-clear', value: 'value-in-clear', headers: ['traceparent', 'own'] }

      expect([printed.each, printed.batch]).toEqual([record, record])
    })

    test('neither key nor value is in any of it', () => {
      expect(JSON.stringify([printed.spans, printed.metrics])).not.toContain('in-clear')
    })
  },
)
