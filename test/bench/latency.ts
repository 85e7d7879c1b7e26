import {
  encodeBatch,
  encodeRecords,
  type FetchResponse,
  type MetadataResponse,
  type ProduceResponse,
} from '@headgate/wire'
import { RawClient } from '../clients/raw-client.ts'
import type { BenchWorld, Leg } from './bench-world.ts'
import type { Figure } from './report.ts'
import { percentile, spreadOf, spreadText } from './statistics.ts'

const RECORDS_A_ROUND = 400
const RECORD_BYTES = 100
const BUDGET_MICROSECONDS = 100
const TOPIC = 'bench-latency'

/** One record from a producer's request to a consumer that waits for it, over each way. */
export async function benchLatency(world: BenchWorld, rounds: number, tell: (text: string) => void): Promise<Figure[]> {
  await world.kafka.createTopics([{ topic: TOPIC, partitions: 1 }])
  const medians = new Map<string, number[]>(world.legs.map(({ name }) => [name, []]))
  const tails = new Map<string, number[]>(world.legs.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const leg of world.legs) {
      const micros = await measure(leg)
      if (round === 0) continue
      medians.get(leg.name)?.push(percentile(micros, 0.5))
      tails.get(leg.name)?.push(percentile(micros, 0.99))
      tell(`latency round ${round} of ${rounds}: ${leg.name} p50 ${percentile(micros, 0.5).toFixed(0)} µs`)
    }
  }
  const direct = medians.get('direct') ?? []
  return world.legs.flatMap(({ name }): Figure[] => {
    const own = medians.get(name) ?? []
    const p50 = spreadOf(own)
    const tail = spreadOf(tails.get(name) ?? [])
    const added = spreadOf(own.map((median, round) => median - (direct[round] ?? Number.NaN)))
    const addedFigure = {
      bench: 'latency',
      what: `${name}: p50 over direct, µs`,
      value: spreadText(added, 0),
      number: added.median,
    }
    const budget = { budget: `≤ +${BUDGET_MICROSECONDS}`, isMet: added.median <= BUDGET_MICROSECONDS }
    return [
      {
        bench: 'latency',
        what: `${name}: p50 · p99, µs`,
        value: `${spreadText(p50, 0)} · ${tail.median.toFixed(0)}`,
        number: p50.median,
      },
      ...(name === 'direct' ? [] : [name === 'gateway' ? { ...addedFigure, ...budget } : addedFigure]),
    ]
  })
}

async function measure(leg: Leg): Promise<number[]> {
  const consumer = await signedIn(leg)
  const producer = await signedIn(leg)
  try {
    let offset = await endOffset(consumer)
    const micros: number[] = []
    for (let count = 0; count < RECORDS_A_ROUND; count += 1) {
      const arrived = fetchFrom(consumer, offset)
      const startedAt = performance.now()
      const written = producer.request<ProduceResponse>(0, 9, produceBody())
      await arrived
      micros.push((performance.now() - startedAt) * 1_000)
      await written
      offset += 1n
    }
    return micros
  } finally {
    consumer.close()
    producer.close()
  }
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
  const answer = await client.request<{ topics: { partitions: { offset: bigint }[] }[] }>(2, 5, {
    replicaId: -1,
    topics,
  })
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
  for (;;) {
    const answer = await client.request<FetchResponse>(1, 11, {
      ...{
        replicaId: -1,
        maxWaitMs: 5_000,
        minBytes: 1,
        maxBytes: 10_000_000,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
      },
      topics: [{ topic: TOPIC, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitions: [partition] }],
    })
    if ((answer.responses[0]?.partitions[0]?.records?.length ?? 0) > 0) return
  }
}

function produceBody(): object {
  const now = BigInt(Date.now())
  const record = {
    attributes: 0,
    timestampDelta: 0n,
    offsetDelta: 0,
    key: null,
    value: Buffer.alloc(RECORD_BYTES, 0x61),
    headers: [],
  }
  const header = {
    baseOffset: 0n,
    partitionLeaderEpoch: -1,
    magic: 2,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: now,
    maxTimestamp: now,
  }
  const records = encodeBatch(
    { ...header, producerId: -1n, producerEpoch: -1, baseSequence: -1, recordCount: 1 },
    encodeRecords([record]),
  )
  return {
    transactionalId: null,
    acks: 1,
    timeoutMs: 5_000,
    topicData: [{ name: TOPIC, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData: [{ index: 0, records }] }],
  }
}
