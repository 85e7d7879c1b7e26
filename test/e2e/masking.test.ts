import type { ProduceResponse } from '@headgate/wire'
import { CompressionTypes } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runTool } from '../clients/java.ts'
import { kcat } from '../clients/kcat.ts'
import type { RawClient } from '../clients/raw-client.ts'
import { recordBatch } from '../clients/record-batches.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import type { World } from '../world/start-world.ts'
import {
  CANARY,
  CARD,
  codecs,
  committedOrders,
  connectionOf,
  directConnection,
  expectWritten,
  fetchPartition,
  kafkajsOf,
  rawClient,
  readRecords,
  startMaskedWorld,
  untilEnd,
  writeBatches,
  writeOrders,
} from './masked-world.ts'

const TEST_TIMEOUT_MS = 120_000
const FETCH_VERSIONS = [4, 10, 11, 12]

let world: World

beforeAll(async () => {
  world = await startMaskedWorld()
  await writeOrders(world)
})

afterAll(() => world?.close())

/** What is seen of a topic: `offset value`, by partition. */
type Seen = string[][]

const ordersSeen = (): Seen => codecs.map(() => committedOrders.map(([offset, value]) => `${offset} ${value}`))

/** Reads with kafkajs until it has seen so many records of each partition. */
async function readWithKafkajs(topic: string, groupId: string, partitions: number, count: number): Promise<Seen> {
  const consumer = kafkajsOf(world).consumer({ groupId })
  const seen: Seen = Array.from({ length: partitions }, () => [])
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message: { offset, value } }) =>
      void seen[partition]?.push(`${offset} ${value === null ? null : value.toString()}`),
  })
  try {
    await until(`${count} records of each partition`, () => seen.every((each) => each.length >= count))
  } finally {
    await consumer.disconnect()
  }
  return seen
}

async function readWithJava(
  topic: string,
  count: number,
  isDirect = false,
  isolation = 'read_committed',
): Promise<Seen> {
  const connection = isDirect ? directConnection(world) : connectionOf(world)
  const shown = ['print.partition', 'print.offset'].flatMap((name) => ['--formatter-property', `${name}=true`])
  const args = (config: string): string[] => [
    ...['--bootstrap-server', connection.bootstrap, '--topic', topic, '--command-config', config, '--from-beginning'],
    ...['--isolation-level', isolation, '--timeout-ms', '15000', '--max-messages', String(count), ...shown],
  ]
  const { stdout, stderr } = await runTool('org.apache.kafka.tools.consumer.ConsoleConsumer', connection, args)
  const seen: Seen = codecs.map(() => [])
  for (const line of stdout.split('\n')) {
    const [, partition, offset, value] = /^Partition:(\d+)\tOffset:(\d+)\t(.*)$/.exec(line) ?? []
    if (partition !== undefined) seen[Number(partition)]?.push(`${offset} ${value}`)
  }
  expect(stderr).not.toContain('Exception')
  return seen
}

test(
  'kafkajs reads masked and withheld records in every codec and in transactions, and goes on [masking-kafkajs]',
  async () => {
    expect(await readWithKafkajs('masked.orders', 'shop-kafkajs', codecs.length, 9)).toEqual(ordersSeen())
  },
  TEST_TIMEOUT_MS,
)

test(
  'kcat reads them too [masking-kcat]',
  async (context) => {
    needsPart(context, 'kcat')
    const args = ['-C', '-t', 'masked.orders', '-o', 'beginning', '-e', '-q', '-f', '%p %o %S %s\n']
    const { code, stdout } = await kcat(connectionOf(world), args, {
      properties: { 'isolation.level': 'read_committed', 'check.crcs': 'true' },
    })
    const seen: Seen = codecs.map(() => [])
    for (const line of stdout.trim().split('\n')) {
      const [, partition, offset, size, value] = /^(\d+) (\d+) (-?\d+) (.*)$/.exec(line) ?? []
      seen[Number(partition)]?.push(`${offset} ${size === '-1' ? null : value}`)
    }
    expect(code).toBe(0)
    expect(seen).toEqual(ordersSeen())
  },
  TEST_TIMEOUT_MS,
)

test(
  'Java clients read them too, and the broker keeps its own copy in clear [masking-java]',
  async () => {
    const [masked, direct] = await Promise.all([
      readWithJava('masked.orders', codecs.length * 9),
      readWithJava('masked.orders', codecs.length * 19, true, 'read_uncommitted'),
    ])
    expect(masked).toEqual(ordersSeen())
    for (const partition of direct) expect(partition.filter((line) => line.includes(CANARY))).toHaveLength(15)
  },
  TEST_TIMEOUT_MS,
)

test('nothing of what is masked or withheld is on the wire, in any version', async () => {
  const client = await rawClient(world)
  for (const apiVersion of FETCH_VERSIONS) {
    for (const partition of codecs) {
      const { records, highWatermark, abortedTransactions } = await fetchPartition(client, 'masked.orders', {
        partition,
        apiVersion,
      })
      const { inflated, records: seen, nextOffset } = readRecords(records)
      expect(inflated.includes(CANARY)).toBe(false)
      expect(inflated.includes('ada-lovelace')).toBe(false)
      expect(seen.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 6, 10, 13, 14, 16, 20])
      expect([nextOffset, highWatermark]).toEqual([21, 21n])
      expect(abortedTransactions).toBe(null)
    }
  }
  client.close()
})

test('header values are tokens, equal where the values were, and keys and other headers stay', async () => {
  const client = await rawClient(world)
  const { records } = readRecords((await fetchPartition(client, 'masked.orders')).records)
  const tokens = records.flatMap(({ headers }) => headers.map(({ key, value }) => `${key}=${value}`))
  expect(new Set(tokens).size).toBe(1)
  expect(tokens[0]).toMatch(/^x-user=hgt1_test_/)
  expect(records.every(({ key }) => key?.toString() === 'k')).toBe(true)
  client.close()
})

test('unmask lifts what it names and nothing else, and a broader grant lifts nothing', async () => {
  const writer = await rawClient(world)
  const value = `{"customer":{"ssn":"${CANARY}","password":"${CANARY}"},"card":"${CARD}"}`
  expectWritten(await writeBatches(writer, 'masked.tails', new Map([[0, recordBatch([{ value }])]])))
  const seen = async (clientId: string): Promise<string | undefined> => {
    const client = await rawClient(world, clientId)
    const { records } = readRecords((await fetchPartition(client, 'masked.tails')).records)
    client.close()
    return records[0]?.value?.toString()
  }
  expect(await seen('fraud')).toBe(`{"customer":{"ssn":"${CANARY}"},"card":"************9855"}`)
  expect(await seen('shop')).toBe('{"customer":{"ssn":"*****4518"},"card":"************9855"}')
  writer.close()
})

test(
  'clients pass a log that ends with withheld records, and read what comes behind',
  async () => {
    const client = await rawClient(world)
    const withheld = recordBatch([{ value: `{"customer":{"ssn":"${CANARY}"` }, { value: CANARY.concat('x') }])
    expectWritten(await writeBatches(client, 'masked.tails', new Map([[0, withheld]])))
    const end = Number((await fetchPartition(client, 'masked.tails')).highWatermark)

    const hole = { apiVersion: 10, fetchOffset: BigInt(end - 2) }
    const held = await fetchPartition(client, 'masked.tails', hole)
    const marker = await fetchPartition(client, 'masked.tails', { ...hole, apiVersion: 11 })
    const waitedFrom = performance.now()
    const waited = await fetchPartition(client, 'masked.tails', { ...hole, maxWaitMs: 400 })
    const waitedMs = performance.now() - waitedFrom

    expect(held).toMatchObject({ errorCode: 0, highWatermark: BigInt(end - 2) })
    expect(readRecords(held.records).records).toEqual([])
    expect(waited).toMatchObject({ errorCode: 0, highWatermark: BigInt(end - 2) })
    expect(waitedMs).toBeGreaterThan(300)
    expect(readRecords(marker.records)).toMatchObject({ records: [], nextOffset: end })

    const reader = readWithKafkajs('masked.tails', 'shop-tails', 1, 2)
    expectWritten(await writeBatches(client, 'masked.tails', new Map([[0, recordBatch([{ value: '{"end":true}' }])]])))
    expect((await reader)[0]?.at(-1)).toBe(`${end} {"end":true}`)
    const behind = await fetchPartition(client, 'masked.tails', hole)
    expect(readRecords(behind.records).records.map(({ offset }) => offset)).toEqual([end])
    client.close()
  },
  TEST_TIMEOUT_MS,
)

test('kcat comes to the end of a log that ends with withheld records [masking-kcat]', async (context) => {
  needsPart(context, 'kcat')
  const client = await rawClient(world)
  const batches = [[{ value: '{"total":1}' }], [{ value: CANARY.concat('x') }, { value: CANARY.concat('x') }]]
  for (const records of batches)
    expectWritten(await writeBatches(client, 'masked.ends', new Map([[0, recordBatch(records)]])))
  const args = ['-C', '-t', 'masked.ends', '-o', 'beginning', '-e', '-f', '%o\n']
  const { code, stdout, stderr } = await kcat(connectionOf(world), args)
  expect([code, stdout]).toEqual([0, '0\n'])
  expect(stderr).toContain('Reached end of topic masked.ends [0] at offset 3')
  client.close()
})

/** Values that want to be seen. */
const hostile: readonly (readonly [name: string, value: string | Buffer])[] = [
  ['an escaped key', `{"customer":{"s\\u0073n":"${CANARY}"}}`],
  ['an escaped key at any depth', `{"a":[{"p\\u0061ssword":"${CANARY}"}]}`],
  ['a key in other letters', `{"PassWord":"${CANARY}"}`],
  ['duplicates', `{"customer":{"ssn":"x","ssn":"${CANARY}"},"customer":{"ssn":"${CANARY}"}}`],
  ['a field of another shape', `{"customer":"${CANARY}"}`],
  ['an array in the place of an object', `[{"customer":[{"ssn":["${CANARY}"]}]}]`],
  ['depth', `${'['.repeat(10_000)}{"customer":{"ssn":"${CANARY}"}}${']'.repeat(10_000)}`],
  ['ten megabytes', `{"customer":{"ssn":"${CANARY}"},"x":"${'x'.repeat(10_000_000)}"}`],
  [
    'invalid UTF-8',
    Buffer.concat([Buffer.from(`{"customer":{"ssn":"${CANARY}"},"x":"`), Buffer.from([0xff, 0x22, 0x7d])]),
  ],
  ['two documents', `{"total":1}{"customer":{"ssn":"${CANARY}"}}`],
  ['a byte order mark', `\ufeff{"customer":{"ssn":"${CANARY}"}}`],
  ['UTF-16', Buffer.from(`{"customer":{"ssn":"${CANARY}"}}`, 'utf16le')],
  ['JSON in a text', JSON.stringify({ text: JSON.stringify({ password: CANARY }) })],
  ['JSON in a text of JSON', JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ password: CANARY }) }) })],
  ['a card as a number', `{"n":${CARD}}`],
  ['a card in a text', `{"n":"paid with ${CARD}"}`],
  ['a card as a key', `{"${CARD}":1}`],
  ['a constructor', `{"__proto__":{"password":"${CANARY}"},"constructor":{"password":"${CANARY}"}}`],
  ['a comment', `{"customer":/*"*/{"ssn":"${CANARY}"}}`],
]

test(
  'records that want to be seen are masked or withheld, in every codec',
  async () => {
    const client = await rawClient(world)
    for (const [index, [, value]] of hostile.entries()) {
      const batch = recordBatch([{ value }], { codec: index % codecs.length })
      expectWritten(await writeBatches(client, 'masked.hostile', new Map([[0, batch]])))
    }
    expectWritten(await writeBatches(client, 'masked.hostile', new Map([[0, recordBatch([{ value: '{"end":1}' }])]])))
    for (const apiVersion of FETCH_VERSIONS) {
      const seen = await readToEnd(client, 'masked.hostile', apiVersion, hostile.length + 1)
      for (const secret of [CANARY, CARD, Buffer.from(CANARY, 'utf16le')])
        expect(seen.bytes.includes(secret)).toBe(false)
      expect(seen.offsets.at(-1)).toBe(hostile.length)
    }
    client.close()
  },
  TEST_TIMEOUT_MS,
)

async function readToEnd(
  client: RawClient,
  topic: string,
  apiVersion: number,
  end: number,
): Promise<{ bytes: Buffer; offsets: number[] }> {
  const parts: Buffer[] = []
  const offsets: number[] = []
  let fetchOffset = 0n
  await until(`offset ${end} of ${topic}`, async () => {
    const { records } = await fetchPartition(client, topic, { apiVersion, fetchOffset })
    const read = readRecords(records)
    parts.push(read.inflated)
    offsets.push(...read.records.map(({ offset }) => offset).filter((offset) => BigInt(offset) >= fetchOffset))
    if (read.nextOffset >= 0) fetchOffset = BigInt(read.nextOffset)
    return fetchOffset >= BigInt(end)
  })
  return { bytes: Buffer.concat(parts), offsets }
}

test(
  'a placeholder stands at the offset of a record that cannot be read, where the topic says so',
  async () => {
    const client = await rawClient(world)
    const forged = { key: 'ada', value: '{"total":1}', headers: { 'headgate-withheld': 'not-json' } }
    const batch = recordBatch([{ key: 'ada', value: '{"total":1}' }, { key: 'ada', value: CANARY.concat('x') }, forged])
    expectWritten(await writeBatches(client, 'placeheld.orders', new Map([[0, batch]])))
    for (const apiVersion of FETCH_VERSIONS) {
      const { records, inflated } = readRecords(
        (await fetchPartition(client, 'placeheld.orders', { apiVersion })).records,
      )
      expect(inflated.includes(CANARY)).toBe(false)
      expect(records.map(({ offset, value }) => `${offset} ${value}`)).toEqual([
        '0 {"total":1}',
        '1 {"headgate-withheld":"not-json"}',
        '2 {"total":1}',
      ])
      expect(records.map(({ headers }) => headers.map(({ key }) => key.toString()))).toEqual([
        [],
        ['headgate-withheld'],
        [],
      ])
      expect(new Set(records.map(({ key }) => key?.toString())).size).toBe(1)
      expect(records[0]?.key?.toString()).toMatch(/^hgt1_test_/)
    }
    expect(await readWithKafkajs('placeheld.orders', 'shop-placeheld', 1, 3)).toEqual([
      ['0 {"total":1}', '1 {"headgate-withheld":"not-json"}', '2 {"total":1}'],
    ])
    client.close()
  },
  TEST_TIMEOUT_MS,
)

test(
  'what is written is masked before the broker has it, in batches of every kind',
  async () => {
    const kafka = kafkajsOf(world)
    const value = `{"customer":{"ssn":"${CANARY}"},"n":12345678901234567890}`
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: 'shop-intake' })
    await producer.connect()
    for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'intake.orders', compression, messages: [{ value }, { value: null }, { value }] })
      await transaction.commit()
    }
    await producer.disconnect()
    const client = await rawClient(world)
    for (const codec of codecs)
      expectWritten(await writeBatches(client, 'intake.orders', new Map([[0, recordBatch([{ value }], { codec })]])))
    await untilEnd(world, 'intake.orders', 8 + codecs.length)

    const seen = (await readWithJava('intake.orders', 6 + codecs.length, true)).flat()
    const masked = '{"customer":{},"n":12345678901234567890}'
    expect(seen.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      ...[masked, 'null', masked, masked, 'null', masked],
      ...codecs.map(() => masked),
    ])
    client.close()
  },
  TEST_TIMEOUT_MS,
)

test('a write with a record that cannot be masked is refused whole, and tells which, but not what', async () => {
  const client = await rawClient(world)
  const before = (await fetchPartition(client, 'intake.orders')).highWatermark
  const batch = recordBatch([{ value: '{"total":1}' }, { value: `{"customer":{"ssn":"${CANARY}"` }], { codec: 1 })
  const answered = async (apiVersion: number): Promise<ProduceResponse> =>
    await writeBatches(client, 'intake.orders', new Map([[0, batch]]), { apiVersion })

  expect((await answered(7)).responses[0]?.partitionResponses).toMatchObject([{ index: 0, errorCode: 87 }])
  const newer = await answered(9)
  expect(newer.responses[0]?.partitionResponses).toMatchObject([
    { index: 0, errorCode: 87, recordErrors: [{ batchIndex: 1 }] },
  ])
  expect(JSON.stringify(newer, (_key, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
    CANARY,
  )
  expect((await fetchPartition(client, 'intake.orders')).highWatermark).toBe(before)

  const topicData = [{ name: 'intake.orders', partitionData: [{ index: 0, records: batch }] }]
  client.send(0, 8, { transactionalId: null, acks: 0, timeoutMs: 1_000, topicData })
  await client.closed()
  expect(client.isClosed).toBe(true)
})

test('a masked write without acknowledgement shifts no later answer', async () => {
  const client = await rawClient(world)
  const value = `{"customer":{"ssn":"${CANARY}"}}`
  const topicData = [{ name: 'intake.orders', partitionData: [{ index: 0, records: recordBatch([{ value }]) }] }]
  client.send(0, 8, { transactionalId: null, acks: 0, timeoutMs: 1_000, topicData })
  const { errorCode, records } = await fetchPartition(client, 'intake.orders')
  expect(errorCode).toBe(0)
  expect(readRecords(records).inflated.includes(CANARY)).toBe(false)
  client.close()
})

test(
  'long answers come whole, many at once, also to one who reads slowly',
  async () => {
    const writer = await rawClient(world)
    const filler = 'x'.repeat(900)
    for (let batch = 0; batch < 8; batch += 1) {
      const records = Array.from({ length: 1_000 }, (_, index) => ({
        value: `{"n":${batch * 1_000 + index},"customer":{"ssn":"${CANARY}"},"filler":"${filler}"}`,
      }))
      const codec = batch % codecs.length
      expectWritten(await writeBatches(writer, 'masked.long', new Map([[0, recordBatch(records, { codec })]])))
    }
    writer.close()
    const readAll = async (isSlow: boolean): Promise<number> => {
      const client = await rawClient(world)
      let read = 0
      for (let round = 0; round < 4; round += 1) {
        const asked = fetchPartition(client, 'masked.long', { apiVersion: 11 + (round % 2) })
        if (isSlow) {
          client.pause()
          await fetchPartition(slowest, 'masked.long')
          client.resume()
        }
        const { records } = readRecords((await asked).records)
        expect(records).toHaveLength(8_000)
        for (const { offset, value } of records)
          expect(value?.toString()).toBe(`{"n":${offset},"customer":{"ssn":"*****4518"},"filler":"${filler}"}`)
        read += records.length
      }
      client.close()
      return read
    }
    const slowest = await rawClient(world)
    expect(await Promise.all([false, false, true, false].map(readAll))).toEqual([32_000, 32_000, 32_000, 32_000])
    slowest.close()
  },
  TEST_TIMEOUT_MS,
)

test('what is withheld is told in the log, without a word of it', () => {
  const told = world.logLines.filter(({ event }) => event === 'records-withheld')
  expect(told).toContainEqual(
    expect.objectContaining({ resourceName: 'masked.orders', operation: 'read', reason: 'not-json' }),
  )
  expect(told).toContainEqual(expect.objectContaining({ resourceName: 'intake.orders', operation: 'write' }))
  expect(JSON.stringify(world.logLines)).not.toContain(CANARY)
})
