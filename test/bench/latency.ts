import {
  encodeBatch,
  encodeRecords,
  type FetchResponse,
  type ListOffsetsResponse,
  type MetadataResponse,
  type ProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { RawClient } from '../clients/raw-client.ts'
import type { BenchWorld, Leg } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { measureLegs } from './legs.ts'
import { percentile, spreadOf } from './statistics.ts'

const RECORDS_A_ROUND = 500
const WARM_UP_RECORDS = 100
const RECORD_BYTES = 100
const MAX_ADDED_MICROSECONDS = 100
const FETCH_WAIT_MS = 10_000
const TOPIC = 'bench-latency'
const LEADER = 1

interface Sample {
  readonly p50: number
  readonly p99: number
}

/** One record from a producer's request to a consumer that waits for it, over each way. */
export async function benchLatency(world: BenchWorld, rounds: number, tell: (text: string) => void): Promise<Figure[]> {
  await world.kafka.createTopics([{ topic: TOPIC, partitions: 1 }])
  const bench = {
    name: 'latency',
    warmUpRounds: 1,
    measure,
    text: ({ p50, p99 }: Sample) => `p50 ${p50.toFixed(0)} µs, p99 ${p99.toFixed(0)} µs`,
  }
  const { samples, foreign } = await measureLegs(world, rounds, bench, tell)
  const direct = samples.get('direct') ?? []
  const figures = [...samples].flatMap(([leg, own]): Figure[] => {
    const shared = { bench: 'latency', unit: 'µs', digits: 0 }
    const added = own.map(({ p50 }, round) => p50 - (direct[round]?.p50 ?? Number.NaN))
    const budget = { bound: 'at most', limit: MAX_ADDED_MICROSECONDS } as const
    const over = { ...shared, what: `${leg}: p50 over direct`, spread: spreadOf(added) }
    return [
      ...(leg === 'direct' ? [] : [leg === 'gateway' ? { ...over, budget } : over]),
      { ...shared, what: `${leg}: p50`, spread: spreadOf(own.map(({ p50 }) => p50)) },
      { ...shared, what: `${leg}: p99`, spread: spreadOf(own.map(({ p99 }) => p99)) },
    ]
  })
  return [...figures, foreign]
}

async function measure(leg: Leg): Promise<Sample> {
  const consumer = await signedIn(leg)
  const producer = await signedIn(leg)
  try {
    let offset = await endOffset(consumer)
    const micros: number[] = []
    for (let count = 0; count < WARM_UP_RECORDS + RECORDS_A_ROUND; count += 1) {
      micros.push(await sendAndReceive(producer, consumer, offset))
      offset += 1n
    }
    const counted = micros.slice(WARM_UP_RECORDS)
    return { p50: percentile(counted, 0.5), p99: percentile(counted, 0.99) }
  } finally {
    consumer.close()
    producer.close()
  }
}

async function sendAndReceive(producer: RawClient, consumer: RawClient, offset: bigint): Promise<number> {
  const body = produceBody()
  const arrived = fetchFrom(consumer, offset)
  const startedAt = performance.now()
  const written = producer.request<ProduceResponse>(0, 9, body)
  await arrived
  const micros = (performance.now() - startedAt) * 1_000
  const { errorCode } = (await written).responses[0]?.partitionResponses[0] ?? {}
  if (errorCode !== 0) throw new Error(`a record was refused with ${errorCode}`)
  return micros
}

/** Connects to the broker itself, or to what stands for it, as a client does after its first look at the cluster. */
async function signedIn({ connection }: Leg): Promise<RawClient> {
  const first = await connectTo(connection.bootstrap, connection.sasl)
  const { brokers } = await first.request<MetadataResponse>(3, 9, { topics: [] })
  first.close()
  const [broker] = brokers
  return await connectTo(`${broker?.host}:${broker?.port}`, connection.sasl)
}

async function connectTo(address: string, sasl: Leg['connection']['sasl']): Promise<RawClient> {
  const [host = '', port = ''] = address.split(':')
  const client = await RawClient.connect({ host, port: Number(port) })
  if (sasl !== undefined && sasl.mechanism !== 'OAUTHBEARER') await client.signInPlain(sasl.username, sasl.password)
  return client
}

async function endOffset(client: RawClient): Promise<bigint> {
  const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }] }]
  const answer = await client.request<ListOffsetsResponse>(2, 5, { replicaId: -1, topics })
  return answer.topics[0]?.partitions[0]?.offset ?? 0n
}

async function fetchFrom(client: RawClient, fetchOffset: bigint): Promise<void> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 1_000_000,
  }
  const body = {
    replicaId: -1,
    maxWaitMs: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic: TOPIC, topicId: ZERO_UUID, partitions: [partition] }],
  }
  const answer = await client.request<FetchResponse>(1, 11, body)
  const fetched = answer.responses[0]?.partitions[0]
  if ((fetched?.records?.length ?? 0) === 0) throw new Error(`a fetch came back empty with ${fetched?.errorCode}`)
}

function produceBody(): object {
  const now = BigInt(Date.now())
  const value = Buffer.alloc(RECORD_BYTES, 'a')
  const record = { attributes: 0, timestampDelta: 0n, offsetDelta: 0, key: null, value, headers: [] }
  const batch = {
    baseOffset: 0n,
    partitionLeaderEpoch: -1,
    magic: 2,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: now,
    maxTimestamp: now,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 1,
  }
  const partitionData = [{ index: 0, records: encodeBatch(batch, encodeRecords([record])) }]
  const topicData = [{ name: TOPIC, topicId: ZERO_UUID, partitionData }]
  return { transactionalId: null, acks: LEADER, timeoutMs: 5_000, topicData }
}
