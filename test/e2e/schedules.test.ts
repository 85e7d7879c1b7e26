import type { Consumer, KafkaJSError, Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plainKafka } from '../clients/kafkajs-clients.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const OFFICE = 'orders'
/** Every boundary acts on a live connection within this time. */
const SOON_MS = 1_000

let world: World
const clients: (Consumer | Producer)[] = []

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: OFFICE, partitions: 1 }],
    policy: 'rules: []',
  })
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.disconnect()))
  await world?.close()
})

/** Unwrapped kafkajs: what happens is the gateway's doing alone. */
test('P5: a grant ends and begins at its instant on live connections, also under a fetch that waits [policy-schedules]', {
  timeout: 60_000,
}, async () => {
  const ends = Date.now() + 8_000
  const begins = ends + 3_000
  const at = (unixMs: number): string => `"${new Date(unixMs).toISOString()}"`
  await world.setPolicy(`rules:
  - { id: reads, who: { subjects: [orders] }, when: { until: ${at(ends)} }, may: { consume: [${OFFICE}] } }
  - { id: group, who: { subjects: [orders] }, may: { as: [office] } }
  - { id: writes, who: { subjects: [orders] }, when: { until: ${at(ends)} }, may: { produce: [${OFFICE}] } }
  - { id: again, who: { subjects: [orders] }, when: { from: ${at(begins)} }, may: { produce: [${OFFICE}] } }`)
  const kafka = plainKafka(world, 'orders')
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  const consumer = kafka.consumer({ groupId: 'office', maxWaitTimeInMs: 20_000, allowAutoTopicCreation: false })
  clients.push(producer, consumer)
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topics: [OFFICE], fromBeginning: true })
  const crashes: { readonly atUnixMs: number; readonly error: KafkaJSError }[] = []
  let read = 0
  consumer.on('consumer.crash', ({ payload: { error } }) =>
    crashes.push({ atUnixMs: Date.now(), error: error as KafkaJSError }),
  )
  await consumer.run({
    eachMessage: async () => {
      read += 1
    },
  })
  await producer.send({ topic: OFFICE, messages: [{ value: 'one' }] })
  await until('the first record', () => read === 1)
  expect(Date.now()).toBeLessThan(ends - SOON_MS)

  const sent: { readonly startedUnixMs: number; readonly endedUnixMs: number; readonly isTaken: boolean }[] = []
  await until('a record that is taken again', async () => {
    const startedUnixMs = Date.now()
    const isTaken = await producer.send({ topic: OFFICE, messages: [{ value: 'more' }] }).then(
      () => true,
      () => false,
    )
    sent.push({ startedUnixMs, endedUnixMs: Date.now(), isTaken })
    return isTaken && startedUnixMs > begins
  })
  const refused = sent.filter(({ isTaken }) => !isTaken)
  expect(refused.length).toBeGreaterThan(0)
  // What began before the end may have been refused behind it; nothing that began behind it was taken.
  expect(
    sent.filter(({ startedUnixMs, isTaken }) => isTaken && startedUnixMs >= ends && startedUnixMs < begins),
  ).toEqual([])
  expect(refused.every(({ endedUnixMs }) => endedUnixMs >= ends)).toBe(true)
  expect((sent.at(-1)?.endedUnixMs ?? 0) - begins).toBeLessThan(SOON_MS)
  // A coordinator that is still loading its groups crashes a consumer too, which then starts again.
  const denial = crashes.find(({ error }) => error.message.includes('Topic authorization failed'))
  expect((denial?.atUnixMs ?? 0) - ends).toBeGreaterThanOrEqual(0)
  expect((denial?.atUnixMs ?? 0) - ends).toBeLessThan(SOON_MS)
})
