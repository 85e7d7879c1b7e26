import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../world/start-world.ts'
import { createPackedProject, type PackedProject, TELEMETRY, type ToldSpan } from './packed/packed-project.ts'

/** NestJS adds `-server` and `-client` to groups and client ids, and `.reply` to the topics of answers. */
const POLICY = `
rules:
  - id: shop-places-orders
    who: { subjects: [shop] }
    may:
      consume: [orders.place, orders.place.reply, orders.placed]
      produce: [orders.place, orders.place.reply, orders.placed]
      as: [shop-server, shop-client]
`

const NEST: Readonly<Record<string, string>> = {
  '@nestjs/common': '12.5.1',
  '@nestjs/core': '12.5.1',
  '@nestjs/microservices': '12.1.1',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  typescript: '5.9.3',
  '@types/node': '22.20.5',
}

interface Printed {
  readonly answer: object
  readonly events: readonly object[]
  readonly topics: readonly string[]
  readonly refusal: Readonly<Record<string, unknown>>
  readonly failure: unknown
  readonly isPatched: boolean
  readonly spans: readonly ToldSpan[]
}

let world: World
let project: PackedProject
let printed: Printed

beforeAll(async () => {
  project = createPackedProject(['telemetry.mjs', 'nest.mjs'], { ...TELEMETRY, ...NEST }, { kafkajs: 'kafkajs' })
  // The instrumentation takes kafkajs from 0.3 on; this is for the day when this package comes there.
  const manifest = readManifest()
  writeFileSync(manifestPath(), JSON.stringify({ ...manifest, version: '1.0.0' }))
  world = await startWorld({
    clients: [{ clientId: 'shop', groups: [] }],
    topics: ['orders.place', 'orders.place.reply', 'orders.placed', 'orders.secret', 'orders.secret.reply'].map(
      (topic) => ({ topic, partitions: 2 }),
    ),
    policy: POLICY,
  })
  printed = await project.run<Printed>('nest.mjs', world.environmentOf('shop'))
})
afterAll(async () => {
  await world?.close()
  project?.consumer.remove()
})

const manifestPath = (): string => join(project.consumer.folder, 'node_modules/kafkajs/package.json')
const readManifest = (): object => JSON.parse(readFileSync(manifestPath(), 'utf8')) as object

describe('NestJS microservices over the client in the place of kafkajs [client-nest]', () => {
  test('what is installed as kafkajs is this package', () => {
    expect(readManifest()).toMatchObject({ name: '@headgate/kafkajs' })
  })

  test('its types are found under the name, with those of kafkajs behind them', () => {
    const { consumer } = project
    const program = `import { Kafka, KafkaJSError, type EachMessagePayload, type Producer } from 'kafkajs'
      export const producer: Producer = new Kafka({ clientId: 'shop' }).producer()
      export const read = ({ message }: EachMessagePayload): string => String(message.value)
      export const error: Error = new KafkaJSError('x', { retriable: true })
      new Kafka({}).access()
      // @ts-expect-error: it is typed
      producer.flush()\n`
    for (const file of ['types.mts', 'types.cts']) consumer.write(file, program)
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--module', 'nodenext']

    expect(
      consumer.run(process.execPath, 'node_modules/typescript/bin/tsc', ...options, 'types.mts', 'types.cts'),
    ).toBe('')
  })

  test('a request is answered, and an event is handled', () => {
    expect(printed.answer).toEqual({ placed: 3, by: 'ada' })
    expect(printed.events).toMatchObject([{ data: { id: 7 }, topic: 'orders.placed' }])
    expect(printed.topics).toEqual(['orders.place'])
    expect(printed.failure).toBe('Internal server error')
  })

  test('it signed in at the gateway as the identity of the environment, and no broker was reached in another way', () => {
    expect(world.logLines).toContainEqual(expect.objectContaining({ event: 'sign-in', principal: 'shop' }))
  })

  test('what the policy does not grant is refused before anything is sent', () => {
    expect(JSON.stringify(printed.refusal)).toContain('orders.secret')
  })

  test('with the instrumentation of kafkajs at work on it, each thing is one span, without a key', () => {
    const count = (name: string): number => printed.spans.filter((span) => span.name === name).length

    expect(printed.isPatched).toBe(true)
    expect([...new Set(printed.spans.map(({ scope }) => scope))]).toEqual(['@headgate/kafkajs'])
    expect([count('send orders.placed'), count('process orders.placed')]).toEqual([1, 1])
    expect(JSON.stringify(printed.spans)).not.toContain('in-clear')
  })
})
