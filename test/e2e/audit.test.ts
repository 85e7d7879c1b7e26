import { readFile } from 'node:fs/promises'
import { verifyTrail } from '@headgate/audit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../world/start-world.ts'
import {
  AUDIT_SECTION,
  eventually,
  FillableDisk,
  plainKafka,
  recordedEvents,
  type TrailFiles,
  trailFilesOf,
} from './audited-world.ts'

const POLICY = `
topics:
  - match: [payments]
    audit: required
  - match: [customers]
    format: json
    mask: [{ fields: "card/number", with: last-4 }]
rules:
  - id: shop-owns-its-topics
    who: { subjects: [shop] }
    may: { produce: [orders, payments, customers], consume: [orders, payments, customers], as: ["shop-*"] }
`
const disk = new FillableDisk()
let world: World
let trail: TrailFiles

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'shop', groups: ['services'] }],
    topics: ['orders', 'payments', 'customers'].map((topic) => ({ topic, partitions: 1 })),
    policy: POLICY,
    sections: AUDIT_SECTION,
    auditFiles: disk,
  })
  trail = trailFilesOf(world.files.configPath)
})

afterAll(() => world?.close())

async function write(topic: string, count: number, value: (n: number) => string): Promise<void> {
  const producer = plainKafka(world, 'shop').producer()
  await producer.connect()
  for (let n = 0; n < count; n += 10) {
    const messages = Array.from({ length: 10 }, (_, at) => ({ key: `key-${n + at}`, value: value(n + at) }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}

/** Reads to the given offset; gives the values. */
async function read(topic: string, count: number, groupId: string): Promise<string[]> {
  const consumer = plainKafka(world, 'shop').consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const values: string[] = []
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          values.push(String(message.value))
          if (values.length === count) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return values
}

test('what was written and read is on record by its offsets, with who, and under which rule', async () => {
  await write('orders', 100, (n) => `secret-value-${n}`)
  expect(await read('orders', 100, 'shop-orders')).toHaveLength(100)
  const events = await eventually(trail.folder, (all) => {
    const last = all.findLast(({ event, kafka }) => event === 'records.read' && kafka?.topic === 'orders')
    return last !== undefined && 'range' in last && last.range.lastOffset === '99'
  })

  const topicId = expect.stringMatching(/^[\w-]{22}$/)
  const about = {
    actor: { issuer: 'corp', subject: 'shop' },
    clientId: 'shop',
    kafka: { cluster: 'demo', topic: 'orders', topicId, partition: 0 },
    decision: 'allow',
    ruleIds: ['shop-owns-its-topics'],
  }
  const written = events.filter(({ event }) => event === 'records.written')
  expect(written).not.toEqual([])
  for (const event of written) expect(event).toMatchObject({ code: 'K3020I', ...about })
  expect(sum(written)).toBe(100)
  const reads = events.filter(({ event }) => event === 'records.read')
  for (const event of reads) expect(event).toMatchObject({ code: 'K3010I', ...about })
  expect(sum(reads)).toBe(100)
  // The same batches by the same hash where they are one range, from either side.
  expect(JSON.stringify(events)).not.toMatch(/secret-value|key-\d/)
})

function sum(events: readonly object[]): number {
  return events.reduce((total, event) => total + (event as { range: { records: number } }).range.records, 0)
}

test('masked records are on record as masked', async () => {
  await write('customers', 10, (n) => JSON.stringify({ card: { number: '4111111111111111' }, n }))
  const values = await read('customers', 10, 'shop-customers')
  expect(values[0]).toContain('************1111')
  const events = await eventually(trail.folder, (all) =>
    all.some(({ event, kafka }) => event === 'records.read' && kafka?.topic === 'customers'),
  )

  const reads = events.filter(({ event, kafka }) => event === 'records.read' && kafka?.topic === 'customers')
  expect(reads[0]).toMatchObject({ masked: [{ field: 'card/number', count: 10 }], maskDigest: expect.any(String) })
  expect(reads[0]).toMatchObject({ range: { firstOffset: '0', lastOffset: '9', records: 10 } })
})

test('where the record is required an intent precedes each access, and the outcome names it', async () => {
  await write('payments', 20, (n) => `payment ${n}`)
  expect(await read('payments', 20, 'shop-payments')).toHaveLength(20)
  const about = ({ kafka }: { kafka?: { topic?: string } }): boolean => kafka?.topic === 'payments'
  const events = (
    await eventually(trail.folder, (all) => all.filter(about).some(({ event }) => event === 'records.read'))
  ).filter(about)

  for (const [intent, outcome] of [
    ['records.write-intent', 'records.written'],
    ['records.read-intent', 'records.read'],
  ]) {
    const intents = events.flatMap((event) => (event.event === intent && 'intent' in event ? [event.intent] : []))
    const named = events.flatMap((event) =>
      event.event === outcome && 'intents' in event ? (event.intents ?? []) : [],
    )
    expect(intents.length).toBeGreaterThan(0)
    expect(named.sort()).toEqual(intents.sort())
  }
})

test('a full disk refuses what must be on record until there is room, and nothing else', async () => {
  disk.isFull = true
  const producer = plainKafka(world, 'shop').producer()
  await producer.connect()
  let isAcknowledged = false
  const required = producer.send({ topic: 'payments', messages: [{ value: 'late' }] }).then(() => {
    isAcknowledged = true
  })
  const other = plainKafka(world, 'shop').producer()
  await other.connect()
  await other.send({ topic: 'orders', messages: [{ value: 'in time' }] })
  expect(isAcknowledged).toBe(false)
  disk.isFull = false
  await required
  await producer.disconnect()
  await other.disconnect()
  expect((await read('payments', 21, 'shop-after')).at(-1)).toBe('late')
  const events = await eventually(trail.folder, (all) => all.some(({ event }) => event === 'audit.lost'))

  expect(events.find(({ event }) => event === 'audit.lost')).toMatchObject({
    refused: expect.arrayContaining([expect.objectContaining({ code: 'K3021I' })]),
  })
  expect(events.some(({ event, kafka }) => event === 'records.write-refused' && kafka?.topic === 'payments')).toBe(
    false,
  )
})

test('the trail is verified from its files, the public key and the newest checkpoint', async () => {
  const knownCheckpoint = await readFile(trail.checkpointPath, 'utf8')

  expect(await verifyTrail({ folder: trail.folder, keys: trail.keys, knownCheckpoint })).toMatchObject({
    isIntact: true,
  })
  expect(recordedEvents(trail.folder).length).toBeGreaterThan(10)
})
