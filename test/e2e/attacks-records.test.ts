// Attempts to see records, or to have them written, past masks and approvals.

import { signInPerson } from '@headgate/testkit'
import {
  type AddPartitionsToTxnResponse,
  apiMessage,
  encodeRequestFrame,
  type FetchResponse,
  type InitProducerIdResponse,
  type MetadataResponse,
  type ProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askGateway, type GatewayAnswer } from '../clients/gateway-api.ts'
import type { RawClient } from '../clients/raw-client.ts'
import { fetchBody } from '../clients/raw-requests.ts'
import { recordBatch } from '../clients/record-batches.ts'
import { until } from '../kafka/until.ts'
import { SWEPT } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { expectWritten, rawClient, readRecords, writeBatches } from './masked-world.ts'

const [PRODUCE, FETCH, METADATA] = [0, 1, 3]
const FETCH_VERSIONS = Array.from({ length: 12 }, (_, n) => n + 4)
const FIRST_VERSION_WITH_IDS = 13
const SECRET = JSON.stringify({ customer: { ssn: SWEPT }, n: 1 })
const MASKED = '{"customer":{},"n":1}'

const POLICY = `
topics:
  - match: [masked, "masked.*"]
    format: json
    mask: [{ fields: "customer/ssn", with: remove }]
  - match: ["intake*"]
    format: json
    mask: [{ fields: "customer/ssn", with: remove, on: [produce] }]
  - id: wants-a-lead
    match: ["held.*"]
    approval: { by: [payments-leads], people: 1, reason: optional, for: 1h, on: [consume] }
rules:
  - id: shop
    who: { subjects: [shop] }
    may:
      consume: [masked, "masked.*", "intake*", plain, "held.*"]
      produce: [masked, "masked.*", "intake*", plain, "held.*"]
      transact-as: [shop-tx]
      cluster: [idempotent-write]
  - id: others-read-held
    who: { subjects: [other] }
    may: { consume: ["held.*"] }
  - id: late-reads-both
    who: { subjects: [late] }
    may: { consume: [plain, "held.*"] }
  - id: fraud-sees-the-numbers-of-one-partition
    who: { subjects: [fraud] }
    may: { consume: [masked], partitions: [1], unmask: ["customer/ssn"] }
  - id: fraud-reads-the-others
    who: { subjects: [fraud] }
    may: { consume: ["masked", "masked.*"] }
`
const PLAIN_IS_MASKED = POLICY.replace('match: [masked,', 'match: [plain, masked,')
const PLAIN_IS_MASKED_ON_ITS_WAY_IN = POLICY.replace('match: ["intake*"]', 'match: ["intake*", plain]')

let world: World
let ids: ReadonlyMap<string, string>

beforeAll(async () => {
  world = await startWorld({
    clients: ['shop', 'other', 'fraud', 'late'].map((clientId) => ({ clientId, groups: [] })),
    topics: [
      { topic: 'masked', partitions: 2 },
      { topic: 'intake', partitions: 2 },
      { topic: 'plain', partitions: 2 },
      { topic: 'held.orders', partitions: 1 },
    ],
    policy: POLICY,
  })
  const client = await rawClient(world)
  ids = await idsOf(client, ['masked', 'intake', 'plain', 'held.orders'])
  const batch = recordBatch([{ value: SECRET }, { value: '{}' }])
  for (const [topic, partitions] of [['masked', [0, 1]] as const, ['held.orders', [0]] as const])
    expectWritten(await writeBatches(client, topic, new Map(partitions.map((index) => [index, batch]))))
  client.close()
})

afterAll(() => world?.close())

async function idsOf(client: RawClient, topics: readonly string[]): Promise<Map<string, string>> {
  const answer = await client.request<MetadataResponse>(METADATA, 12, {
    topics: topics.map((name) => ({ topicId: ZERO_UUID, name })),
    allowAutoTopicCreation: false,
  })
  return new Map(answer.topics.map(({ name, topicId }) => [name ?? '', topicId]))
}

function asked(partition: number, fetchOffset = 0n): object {
  const epochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, logStartOffset: -1n }
  return { partition, fetchOffset, partitionMaxBytes: 50_000_000, ...epochs }
}

/** Names a topic as a version of Fetch does. */
function named(topic: string, apiVersion: number): { topic: string; topicId: string } {
  return apiVersion < FIRST_VERSION_WITH_IDS
    ? { topic, topicId: ZERO_UUID }
    : { topic: '', topicId: ids.get(topic) ?? ZERO_UUID }
}

type Fetched = FetchResponse['responses'][number]['partitions'][number]

async function fetchTopics(
  client: RawClient,
  apiVersion: number,
  topics: readonly object[],
  more: object = {},
): Promise<Fetched[]> {
  const body = fetchBody('', { topics, maxBytes: 50_000_000, ...more })
  const { responses } = await client.request<FetchResponse>(FETCH, apiVersion, body)
  return responses.flatMap(({ partitions }) => partitions)
}

/** The values of a partition from its start, as a principal of whom no mask is known reads them. */
async function valuesOf(
  client: RawClient,
  topic: string,
  partition = 0,
  fetchOffset = 0n,
): Promise<(string | undefined)[]> {
  const [answered] = await fetchTopics(client, 11, [
    { ...named(topic, 11), partitions: [asked(partition, fetchOffset)] },
  ])
  const { records } = readRecords(answered?.records ?? null)
  return records.filter(({ offset }) => BigInt(offset) >= fetchOffset).map(({ value }) => value?.toString())
}

async function endOf(client: RawClient, topic: string, partition = 0): Promise<bigint> {
  const [answered] = await fetchTopics(client, 11, [{ ...named(topic, 11), partitions: [asked(partition)] }])
  return answered?.highWatermark ?? 0n
}

/** Long enough for bytes that were written to have reached the broker: a whole sign-in and a request. */
async function aWhileLater(): Promise<void> {
  const client = await rawClient(world)
  await endOf(client, 'masked')
  client.close()
}

test('P6: a mask holds in every version, by name and by id, however the partition is asked for', async () => {
  const client = await rawClient(world)
  for (const apiVersion of FETCH_VERSIONS) {
    const topic = named('masked', apiVersion)
    const shapes: readonly (readonly object[])[] = [
      [{ ...topic, partitions: [asked(0), asked(1)] }],
      [{ ...topic, partitions: [asked(0), asked(0, 1n), asked(1), asked(1, 1n)] }],
      [
        { ...topic, partitions: [asked(0)] },
        { ...topic, partitions: [asked(0, 1n), asked(1)] },
        { ...named('plain', apiVersion), partitions: [asked(0)] },
      ],
    ]
    for (const topics of shapes) {
      for (const isolationLevel of [0, 1]) {
        const answered = await fetchTopics(client, apiVersion, topics, { isolationLevel })
        const read = answered.map(({ records }) => readRecords(records))
        expect(read.flatMap(({ records }) => records).some(({ value }) => value?.toString() === MASKED)).toBe(true)
        for (const { inflated } of read) expect(inflated.includes(SWEPT)).toBe(false)
      }
    }
  }
  client.close()
})

test('a right to see one partition as it is shows no other one, in whatever order they are asked for', async () => {
  const client = await rawClient(world, 'fraud')
  for (const partitions of [
    [asked(0), asked(1)],
    [asked(1), asked(0)],
  ]) {
    for (const apiVersion of [11, 13]) {
      const answered = await fetchTopics(client, apiVersion, [{ ...named('masked', apiVersion), partitions }])
      const seen = answered.map(({ partitionIndex, records }) => [
        partitionIndex,
        readRecords(records).records[0]?.value?.toString(),
      ])
      expect(new Map(seen as [number, string][])).toEqual(
        new Map([
          [0, MASKED],
          [1, SECRET],
        ]),
      )
    }
  }
  client.close()
})

test('a fetch that was let through unread is masked, or cut, when a mask comes into force meanwhile', async () => {
  const [parked, streaming, writer] = await Promise.all([rawClient(world), rawClient(world), rawClient(world)])
  const large = JSON.stringify({ customer: { ssn: SWEPT }, filler: 'x'.repeat(900_000) })
  for (let n = 0; n < 16; n += 1)
    expectWritten(await writeBatches(writer, 'plain', new Map([[1, recordBatch([{ value: large }])]])))
  const end = await endOf(writer, 'plain')
  const waits = { maxWaitMs: 5_000, minBytes: 1 }
  const topics = (partition: number, from: bigint): object[] => [
    { ...named('plain', 12), partitions: [asked(partition, from)] },
  ]
  const waiting = fetchTopics(parked, 12, topics(0, end), waits)
  const stream = fetchTopics(streaming, 12, topics(1, 0n))
  streaming.pause()
  await aWhileLater()

  await world.setPolicy(PLAIN_IS_MASKED)
  expectWritten(await writeBatches(writer, 'plain', new Map([[0, recordBatch([{ value: SECRET }])]])))
  const [answered] = await waiting
  expect(readRecords(answered?.records ?? null).inflated.includes(SWEPT)).toBe(false)
  streaming.resume()
  await expect(stream).rejects.toThrow('closed')

  await world.setPolicy(POLICY)
  expect(await valuesOf(writer, 'plain', 0, end)).toEqual([SECRET])
  for (const client of [parked, writer]) client.close()
})

function produceFrame(apiVersion: number, body: object): Buffer {
  const { defaultRequest, encodeRequest } = apiMessage(PRODUCE)
  return encodeRequestFrame({ apiKey: PRODUCE, apiVersion, correlationId: 77, clientId: 'raw' }, (writer) =>
    encodeRequest(
      writer,
      { ...defaultRequest(), transactionalId: null, acks: -1, timeoutMs: 5_000, ...body },
      apiVersion,
    ),
  )
}

test('what is masked on its way in is masked by name and by id, in pieces, twice in one request, among others, and in a transaction', async () => {
  const client = await rawClient(world)
  const batch = recordBatch([{ value: SECRET }])
  const partitionData = [
    { index: 0, records: batch },
    { index: 1, records: recordBatch([{ value: SECRET }], { codec: 1 }) },
  ]
  const byName = { name: 'intake', topicId: ZERO_UUID }
  const byId = { name: '', topicId: ids.get('intake') ?? ZERO_UUID }
  for (const apiVersion of [3, 8, 9, 12, 13]) {
    const topic = apiVersion < FIRST_VERSION_WITH_IDS ? byName : byId
    const other = named('plain', apiVersion)
    const requests = [
      [{ ...topic, partitionData }],
      [{ ...topic, partitionData: [...partitionData, ...partitionData] }],
      [
        {
          name: other.topic,
          topicId: other.topicId,
          partitionData: [{ index: 0, records: recordBatch([{ value: '{}' }]) }],
        },
        { ...topic, partitionData },
      ],
    ]
    for (const topicData of requests) {
      const answer = client.request<ProduceResponse>(PRODUCE, apiVersion, {
        ...{ transactionalId: null, acks: 1, timeoutMs: 5_000, topicData },
      })
      expectWritten(await answer)
    }
  }
  const pieces = produceFrame(9, { acks: 0, topicData: [{ ...byName, partitionData }] })
  for (let at = 0; at < pieces.length; at += 7) client.write(pieces.subarray(at, at + 7))

  const init = { transactionalId: 'shop-tx', transactionTimeoutMs: 30_000, producerId: -1n, producerEpoch: -1 }
  const { producerId, producerEpoch } = await until('a producer id', async () => {
    await client.request(10, 4, { keyType: 1, coordinatorKeys: ['shop-tx'] })
    const answer = await client.request<InitProducerIdResponse>(22, 4, init)
    return answer.errorCode === 0 ? answer : undefined
  })
  await until('the transaction to begin', async () => {
    const answer = await client.request<AddPartitionsToTxnResponse>(24, 3, {
      v3AndBelowTransactionalId: 'shop-tx',
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 'intake', partitions: [0] }],
    })
    return answer.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode === 0
  })
  const writer = { producerId, producerEpoch, baseSequence: 0, isTransactional: true }
  const inTransaction = recordBatch([{ value: SECRET }, { value: SECRET }], { codec: 2, writer })
  const transactional = { transactionalId: 'shop-tx' }
  expectWritten(await writeBatches(client, 'intake', new Map([[0, inTransaction]]), transactional))
  await client.request(26, 3, { ...transactional, producerId, producerEpoch, committed: true })

  for (const partition of [0, 1]) {
    const values = await valuesOf(client, 'intake', partition)
    expect(values.length).toBeGreaterThan(10)
    expect(new Set(values)).toEqual(new Set([MASKED]))
  }
  client.close()
})

test('a produce that is on its way when a mask comes into force is masked, or ends with its connection', async () => {
  const [streamed, held, reader] = await Promise.all([rawClient(world), rawClient(world), rawClient(world)])
  const before = [await endOf(reader, 'plain', 0), await endOf(reader, 'plain', 1)]
  const filler = JSON.stringify({ customer: { ssn: SWEPT }, filler: 'x'.repeat(9_000) })
  const records = recordBatch([{ value: filler }])
  const frame = (partitions: readonly number[]): Buffer =>
    produceFrame(9, {
      topicData: [
        { name: 'plain', topicId: ZERO_UUID, partitionData: partitions.map((index) => ({ index, records })) },
      ],
    })
  streamed.write(frame([0]).subarray(0, 6_000))
  held.write(frame([0, 1]).subarray(0, 6_000))
  await aWhileLater()
  await world.setPolicy(PLAIN_IS_MASKED_ON_ITS_WAY_IN)
  streamed.write(frame([0]).subarray(6_000))
  held.write(frame([0, 1]).subarray(6_000))
  await streamed.closed()
  await until('what was held', async () => (await endOf(reader, 'plain', 1)) > (before[1] ?? 0n))

  for (const partition of [0, 1]) {
    const values = await valuesOf(reader, 'plain', partition, before[partition])
    expect(values.map((value) => value?.slice(0, 23))).toEqual(['{"customer":{},"filler"'])
  }
  await world.setPolicy(POLICY)
  for (const client of [held, reader]) client.close()
})

let lead: string | undefined

async function asLead(path: string, body?: object): Promise<GatewayAnswer> {
  lead ??= await signInPerson(world.identity, 'ada')
  return await askGateway(world, path, { token: lead, ...(body && { method: 'POST', body }) })
}

interface ShownAsk {
  readonly id: string
  readonly topic: string
  readonly requester: { readonly subject: string }
}

async function asksFor(subject: string, query = ''): Promise<readonly ShownAsk[]> {
  const { asks } = (await asLead(`/v1/asks?limit=200${query}`)).json<{ asks: readonly ShownAsk[] }>()
  return asks.filter(({ requester }) => requester.subject === subject)
}

/** What a fetch gets of a held topic in every version, alone and beside one that flows. */
async function heldBytes(client: RawClient): Promise<{ bytes: number; errors: Set<number> }> {
  let bytes = 0
  const errors = new Set<number>()
  for (const apiVersion of FETCH_VERSIONS) {
    const held = { ...named('held.orders', apiVersion), partitions: [asked(0), asked(0, 1n)] }
    const open = { ...named('masked', apiVersion), partitions: [asked(0)] }
    for (const topics of [[held], [held, open], [open, held, held]]) {
      const body = fetchBody('', { topics, maxWaitMs: 1, isolationLevel: apiVersion % 2 })
      const { responses } = await client.request<FetchResponse>(FETCH, apiVersion, body)
      const ofHeld = responses.filter(({ topic, topicId }) => topic === held.topic && topicId === held.topicId)
      for (const { errorCode, records } of ofHeld.flatMap(({ partitions }) => partitions)) {
        bytes += records?.length ?? 0
        errors.add(errorCode)
      }
    }
  }
  return { bytes, errors }
}

test('P4: no version and no way of naming a held topic gives a record before its approval, or after its end', async () => {
  const client = await rawClient(world)
  expect(await heldBytes(client)).toEqual({ bytes: 0, errors: new Set([0]) })

  const [ask] = await until('the ask', async () => {
    const asks = await asksFor('shop')
    return asks.length > 0 ? asks : undefined
  })
  expect((await asLead(`/v1/asks/${ask?.id}/approve`, {})).status).toBe(200)
  await until('access', async () => (await heldBytes(client)).bytes > 0)
  const [parked] = await Promise.all([rawClient(world)])
  const end = await endOf(client, 'held.orders')
  const waiting = fetchTopics(parked, 13, [{ ...named('held.orders', 13), partitions: [asked(0, end)] }], {
    maxWaitMs: 20_000,
    minBytes: 1,
  })
  await aWhileLater()

  expect((await asLead(`/v1/asks/${ask?.id}/revoke`, {})).status).toBe(200)
  await until('the end of access', async () => (await heldBytes(client)).errors.has(29))
  expectWritten(await writeBatches(client, 'held.orders', new Map([[0, recordBatch([{ value: SECRET }])]])))
  expect(await waiting).toMatchObject([{ errorCode: 29, records: Buffer.alloc(0) }])
  expect(await heldBytes(client)).toEqual({ bytes: 0, errors: new Set([29]) })
  for (const each of [client, parked]) each.close()
})

test('an approval acts within a second also on a client that waits for another topic meanwhile', async () => {
  const client = await rawClient(world, 'late')
  const end = await endOf(client, 'plain')
  const fetchBoth = (): Promise<Fetched[]> => {
    const idle = { ...named('plain', 12), partitions: [asked(0, end)] }
    const held = { ...named('held.orders', 12), partitions: [asked(0)] }
    return fetchTopics(client, 12, [idle, held], { maxWaitMs: 10_000 })
  }
  const waiting = fetchBoth()
  const [ask] = await until('the ask', async () => {
    const asks = await asksFor('late')
    return asks.length > 0 ? asks : undefined
  })
  await asLead(`/v1/asks/${ask?.id}/approve`, {})
  const approvedAt = performance.now()
  await waiting
  await until('records', async () => (await fetchBoth()).some(({ records }) => (records?.length ?? 0) > 0), {
    everyMs: 0,
  })
  expect(performance.now() - approvedAt).toBeLessThan(1_000)
  client.close()
})

test('names that somebody makes up open a bounded number of asks, and take nobody the room for theirs', async () => {
  const [client, other] = await Promise.all([rawClient(world), rawClient(world, 'other')])
  const topics = Array.from({ length: 12_000 }, (_, n) => ({
    ...{ topic: `held.made-up-${n}`, topicId: ZERO_UUID },
    partitions: [asked(0)],
  }))
  await fetchTopics(client, 12, topics, { maxWaitMs: 1 })
  await fetchTopics(other, 12, [{ ...named('held.orders', 12), partitions: [asked(0)] }], { maxWaitMs: 1 })

  const [ask] = await until('the ask of somebody else', async () => {
    const asks = await asksFor('other', '&topic=held.orders')
    return asks.length > 0 ? asks : undefined
  })
  expect(ask).toMatchObject({ topic: 'held.orders' })
  expect((await asksFor('shop', '&state=live')).length).toBeLessThanOrEqual(200)
  for (const each of [client, other]) each.close()
})
