import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { verifyTrail } from '@headgate/audit'
import { runCommandLine } from '@headgate/cli'
import { systemClock } from '@headgate/core'
import { decodeBatchHeader, walkBatches } from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientConnection } from '../clients/connection.ts'
import { askGateway } from '../clients/gateway-api.ts'
import { type HeadgateRun, startHeadgate } from '../clients/headgate.ts'
import { consoleConsume, consoleProduce } from '../clients/java.ts'
import { kcat } from '../clients/kcat.ts'
import type { ProgramResult } from '../kafka/program.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { type StoredBatch, unaccountedOffsets } from './acknowledged-records.ts'
import {
  AUDIT_SECTION,
  eventually,
  FillableDisk,
  plainKafka,
  recordedEvents,
  type TrailFiles,
  trailFilesOf,
} from './audited-world.ts'
import { fetchPartition, rawClient } from './masked-world.ts'

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
  - id: auditors-ask
    who: { groups: [auditors] }
    may: { cluster: [read-audit] }
`
const disk = new FillableDisk()
let world: World
let trail: TrailFiles

beforeAll(async () => {
  world = await startWorld({
    clients: [
      { clientId: 'shop', groups: ['services'] },
      { clientId: 'auditor', groups: ['auditors'] },
    ],
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

test('a full disk refuses what must be on record until there is room, and nothing else [audit-full-disk]', async () => {
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

/** What a client that knows PLAIN needs. */
function connection(): ClientConnection {
  const sasl = { mechanism: 'PLAIN' as const, username: 'shop', password: world.secretOf('shop') }
  return { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
}

/** Fills the disk, begins something, and makes room after a while; gives how many intents were refused meanwhile. */
async function onFullDisk(code: string, begin: () => Promise<ProgramResult>): Promise<ProgramResult> {
  const told = refusedOf(code)
  disk.isFull = true
  const attempts = disk.refusals + 4
  const work = begin()
  await until('the trail has been tried again and again', () => disk.refusals > attempts)
  disk.isFull = false
  const result = await work
  await until(`${code} was refused meanwhile`, () => refusedOf(code) > told)
  return result
}

/** How many events of a code were refused, as the trail tells. */
function refusedOf(code: string): number {
  const lost = recordedEvents(trail.folder).flatMap((event) => (event.event === 'audit.lost' ? event.refused : []))
  return lost.reduce((sum, loss) => sum + (loss.code === code ? loss.count : 0), 0)
}

test('Java and kcat wait out a full disk too, writing and reading', async (context) => {
  needsPart(context, 'kcat')
  // The console tool gives up after three tries of its own; clients by themselves go on for two minutes.
  const patient = { properties: { retries: '1000' } }
  await onFullDisk('K3021I', () => consoleProduce(connection(), 'payments', ['by java'], patient))
  await onFullDisk('K3021I', () => kcat(connection(), ['-P', '-t', 'payments'], { input: 'by kcat\n' }))
  const args = ['-C', '-t', 'payments', '-o', 'beginning', '-c', '23', '-q']
  const byKcat = await onFullDisk('K3011I', () => kcat(connection(), args))
  const options = { maxMessages: 23, group: 'shop-java' }
  const byJava = await onFullDisk('K3011I', () => consoleConsume(connection(), 'payments', options))

  for (const { stdout } of [byKcat, byJava]) {
    const lines = stdout.trim().split('\n')
    expect(lines).toHaveLength(23)
    expect(lines.slice(-3)).toEqual(['late', 'by java', 'by kcat'])
  }
}, 180_000)

/** Runs `headgate` in this process, in the name of a client. */
async function headgate(
  clientId: string,
  ...args: readonly string[]
): Promise<{ exitCode: number; out: string; error: string }> {
  const environment = {
    HEADGATE_GATEWAY: world.httpUrl,
    HEADGATE_CA: world.ca.path,
    HEADGATE_TOKEN: await world.identity.tokenFor(clientId),
  }
  let [out, error] = ['', '']
  const exitCode = await runCommandLine(args, '0.0.0', {
    environment,
    folder: dirname(world.files.configPath),
    writeOut: (text) => {
      out += text
    },
    writeError: (text) => {
      error += text
    },
    isOutTerminal: false,
    onSignal: () => () => {},
    clock: systemClock,
  })
  return { exitCode, out, error }
}

test('an auditor is told who read a record, when, and whether masked or raw [audit-who-read]', async () => {
  const from = new Date(Date.now() - 600_000).toISOString()
  const { out } = await headgate(
    'auditor',
    'audit',
    'who-read',
    '--topic',
    'orders',
    '--partition',
    '0',
    '--offset',
    '42',
    '--from',
    from,
  )
  expect(out).toMatch(
    /^2\d{3}-\S+Z {2}K3010I {2}records\.read {2}corp\/shop {2}orders\[0\] \d+\.\.\d+ \(\d+ records\); raw$/m,
  )
  const masked = await headgate('auditor', 'audit', 'who-read', '--topic', 'customers', '--json')
  expect(JSON.parse(masked.out)).toMatchObject({
    ok: true,
    events: [{ actor: { subject: 'shop' }, masked: [{ field: 'card/number', count: 10 }] }],
  })
  expect((await headgate('auditor', 'audit', 'who-read', '--topic', 'orders', '--offset', '999')).out).toBe(
    'nothing on record\n',
  )
  expect((await headgate('auditor', 'audit', 'who-read', '--topic', 'orders', '--to', from)).out).toBe(
    'nothing on record\n',
  )
})

test('an auditor is told of writes that stand on no approval, and of what somebody did', async () => {
  const { out } = await headgate('auditor', 'audit', 'list', '--unapproved-writes', 'payments', '--json')
  const { events } = JSON.parse(out) as { events: { event: string; outcome?: string }[] }
  expect(events.length).toBeGreaterThan(1)
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['records.written']))
  const shop = await headgate('auditor', 'audit', 'list', '--principal', 'shop', '--limit', '2')
  expect(shop.out).toMatch(/corp\/shop[\s\S]*there are more: --after \d+/)
})

test('questions are for those who may ask, and are on record themselves', async () => {
  const { exitCode, error } = await headgate('shop', 'audit', 'list')
  expect(exitCode).toBe(1)
  expect(error).toContain('ERR_GATEWAY_AUDIT_FORBIDDEN')
  const inPart = await headgate('auditor', 'audit', 'list', '--limit', '0')
  expect(inPart.error).toContain('ERR_GATEWAY_AUDIT_QUERY')
  const { out } = await headgate('auditor', 'audit', 'list', '--event', 'audit.queried', '--json')

  expect(JSON.parse(out).events[0]).toMatchObject({
    actor: { issuer: 'corp', subject: 'auditor' },
    query: expect.stringContaining('reads?topic=orders'),
    count: 1,
  })
  const refused = await eventually(trail.folder, (all) => all.some(({ event }) => event === 'audit.query-refused'))
  expect(refused.find(({ event }) => event === 'audit.query-refused')).toMatchObject({ actor: { subject: 'shop' } })
})

test('a token that somebody sends as a parameter is not on record, nor anything that no question has', async () => {
  const token = await world.identity.tokenFor('auditor')
  const count = (): number => recordedEvents(trail.folder).filter(({ event }) => event === 'audit.query-refused').length
  const before = count()
  for (const path of ['audit/events', 'audit/checkpoint']) {
    const { status, text } = await askGateway(world, `/v1/${path}?access_token=${token}`)
    expect([status, text.includes(token)]).toEqual([401, false])
  }
  await until('the refusals', () => count() === before + 2)
  for (const event of recordedEvents(trail.folder)) expect(JSON.stringify(event)).not.toContain(token)
  for (const line of world.logLines) expect(JSON.stringify(line)).not.toContain(token)
})

test('the trail is verified from its files, the public key and the newest checkpoint', async () => {
  const args = ['audit', 'verify', trail.folder, '--key', trail.keyPath, '--checkpoint', trail.checkpointPath]
  const intact = await headgate('auditor', ...args)
  expect(intact).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^intact\n[\s\S]*\d+ events verified/) })
})

test('tampering is found offline [audit-tampering]', async () => {
  const copy = join(dirname(world.files.configPath), 'tampered')
  await cp(trail.folder, copy, { recursive: true })
  const [first = ''] = (await readdir(copy)).filter((name) => name.endsWith('.jsonl')).sort()
  const text = await readFile(join(copy, first), 'utf8')
  await writeFile(join(copy, first), text.replace('"subject":"shop"', '"subject":"nobo"'))
  const { exitCode, out } = await headgate('auditor', 'audit', 'verify', copy, '--key', trail.keyPath)

  expect(exitCode).toBe(1)
  expect(out).toMatch(/^NOT INTACT: segment-0000000001\.jsonl:\d+: this line has been changed/)
})

/** The batches of a partition as they stand in the log. */
async function storedBatches(topic: string): Promise<StoredBatch[]> {
  const client = await rawClient(world)
  const batches: StoredBatch[] = []
  for (let fetchOffset = 0n; ; ) {
    const { records, highWatermark } = await fetchPartition(client, topic, { fetchOffset })
    if (records !== null)
      for (const { start } of walkBatches(records)) {
        const { baseOffset, crc, lastOffsetDelta } = decodeBatchHeader(records, start)
        batches.push({ baseOffset, crc })
        fetchOffset = baseOffset + BigInt(lastOffsetDelta) + 1n
      }
    if (fetchOffset < highWatermark) continue
    client.close()
    return batches
  }
}

test('killed under load, every acknowledged record is on record or told as unknown, and the index is complete [audit-kill]', async () => {
  await world.gateway.close()
  const start = async (): Promise<HeadgateRun> => {
    const run = startHeadgate(['gateway', '--config', world.files.configPath, '--log-level', 'error'], {})
    await run.wrote(/Kafka clients: /)
    return run
  }
  const killed = await start()
  const acknowledged: bigint[] = []
  const load = [0, 1, 2].map(async (n) => {
    const producer = plainKafka(world, 'shop').producer({ retry: { retries: 0 } })
    await producer.connect()
    for (let at = 0; ; at++) {
      const [ack] = await producer.send({ topic: 'payments', acks: -1, messages: [{ value: `${n} ${at}` }] })
      acknowledged.push(BigInt(ack?.baseOffset ?? -1))
    }
  })
  await until('records are acknowledged', () => acknowledged.length > 150)
  killed.child.kill('SIGKILL')
  await Promise.allSettled(load)
  await killed.ended
  const restarted = await start()

  const { keys, folder } = trail
  expect(await verifyTrail({ folder, keys })).toMatchObject({ isIntact: true })
  const events = recordedEvents(folder)
  expect(events.some(({ event }) => event === 'audit.reopened')).toBe(true)
  const settled = new Set(events.flatMap((event) => ('intents' in event ? (event.intents ?? []) : [])))
  const expected = events.filter(
    (event) => event.kafka?.topic === 'payments' && !('intent' in event && settled.has(event.intent)),
  )
  const { out } = await headgate('auditor', 'audit', 'list', '--topic', 'payments', '--limit', '1000', '--json')
  const answered = JSON.parse(out) as { events: { seq: number; outcome?: string }[] }
  expect(answered.events.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq))
  expect(answered.events.filter(({ outcome }) => outcome === 'unknown').length).toBeGreaterThan(0)
  const ofPayments = events.filter(({ kafka }) => kafka?.topic === 'payments')
  const batches = await storedBatches('payments')
  expect(unaccountedOffsets({ acknowledged, batches, events: ofPayments })).toEqual([])
  restarted.child.kill('SIGTERM')
  expect(await restarted.ended).toBe(0)
  expect(
    await verifyTrail({ folder, keys, knownCheckpoint: await readFile(trail.checkpointPath, 'utf8') }),
  ).toMatchObject({
    isIntact: true,
    isClosed: true,
    unprotectedEvents: 0,
  })
})
