import { randomBytes } from 'node:crypto'
import {
  type AddPartitionsToTxnResponse,
  BATCH_HEADER_BYTES,
  Compression,
  compressionOf,
  decodeBatchHeader,
  decodeRecords,
  decompress,
  type EndTxnResponse,
  type FetchResponse,
  type InitProducerIdResponse,
  isControl,
  type KafkaRecord,
  type ProduceResponse,
  walkBatches,
  ZERO_UUID,
} from '@headgate/wire'
import { CompressionCodecs, CompressionTypes, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import type { ClientConnection } from '../clients/connection.ts'
import { RawClient } from '../clients/raw-client.ts'
import { fetchBody } from '../clients/raw-requests.ts'
import { type BatchRecord, type BatchWriter, recordBatch } from '../clients/record-batches.ts'
import { withAdmin } from '../kafka/admin.ts'
import { until } from '../kafka/until.ts'
import { plantSecret } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'

/** What must never be seen where a mask applies. */
export const CANARY = '937264518'
/** A payment card with a sound check digit. */
export const CARD = '4556737586899855'
/** The codecs, by the partition of `masked.orders` that is written with each. */
export const codecs: readonly number[] = Object.values(Compression)

const MASKS = `
      - { fields: "customer/ssn", with: last-4 }
      - { anywhere: [password], with: remove }
      - { detect: [payment-card], with: last-4 }
      - { headers: [x-user], with: { token: user } }`

const POLICY = `
topics:
  - match: ["masked.*"]
    labels: [pii]
    format: json
    mask: ${MASKS}
  - match: ["placeheld.*"]
    format: json
    on-unreadable: placeholder
    mask: ${MASKS}
      - { key: true, with: { token: user } }
  - match: ["intake.*"]
    format: json
    mask:
      - { fields: "customer/ssn", with: remove, on: [produce] }
rules:
  - id: shop-reads-orders
    who: { subjects: [shop] }
    may: { consume: ["masked.orders"], as: ["shop-*"] }
  - id: shop-may-do-everything
    who: { subjects: [shop] }
    may:
      consume: ["masked.*", "placeheld.*", "intake.*"]
      produce: ["masked.*", "placeheld.*", "intake.*"]
      as: ["*"]
      transact-as: ["*"]
      cluster: [describe, idempotent-write]
  - id: fraud-sees-numbers
    who: { subjects: [fraud] }
    may: { consume: ["masked.*"], as: ["fraud-*"], unmask: ["customer/ssn"] }
`

/** One broker behind a gateway that masks. */
export async function startMaskedWorld(): Promise<World> {
  registerCodecs()
  const k = randomBytes(32).toString('base64url')
  process.env['HEADGATE_TEST_TOKEN_KEY'] = JSON.stringify({ kty: 'oct', kid: 'test', k })
  for (const secret of [CANARY, CARD, k]) plantSecret(secret)
  return await startWorld({
    clients: [
      { clientId: 'shop', groups: [] },
      { clientId: 'fraud', groups: [] },
    ],
    topics: [
      { topic: 'masked.orders', partitions: codecs.length },
      ...['masked.tails', 'masked.ends', 'masked.long', 'masked.hostile', 'placeheld.orders', 'intake.orders'].map(
        (topic) => ({
          topic,
          partitions: 1,
        }),
      ),
    ],
    policy: POLICY,
    sections: { masking: { tokenKeys: [{ env: 'HEADGATE_TEST_TOKEN_KEY' }] } },
    kafkaProperties: { 'message.max.bytes': '20000000', 'replica.fetch.max.bytes': '20000000' },
  })
}

/** kafkajs brings gzip alone. */
function registerCodecs(): void {
  for (const [type, codec] of [
    [CompressionTypes.Snappy, Compression.snappy],
    [CompressionTypes.LZ4, Compression.lz4],
    [CompressionTypes.ZSTD, Compression.zstd],
  ] as const) {
    CompressionCodecs[type] = () => ({
      compress: async () => {
        throw new Error('this test reads alone')
      },
      decompress: async (bytes: Buffer) => decompress(codec, bytes, 64 * 1024 * 1024),
    })
  }
}

/** Client id and secret of a client. */
export function connectionOf(world: World, clientId = 'shop'): ClientConnection {
  const sasl = { mechanism: 'PLAIN' as const, username: clientId, password: world.secretOf(clientId) }
  return { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
}

/** A connection to the broker itself, around the gateway. */
export function directConnection(world: World): ClientConnection {
  const { username, password } = world.kafka.adminCredential
  return { bootstrap: world.kafka.scramBootstrap, sasl: { mechanism: 'SCRAM-SHA-512', username, password } }
}

/** Unwrapped kafkajs. */
export function kafkajsOf(world: World, clientId = 'shop', config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    clientId,
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    sasl: { mechanism: 'plain', username: clientId, password: world.secretOf(clientId) },
    logLevel: logLevel.NOTHING,
    retry: { retries: 4 },
    ...config,
  })
}

/** A connection that says exactly what it wants, signed in. */
export async function rawClient(world: World, clientId = 'shop'): Promise<RawClient> {
  const [host = '', port = ''] = world.bootstrap.split(':')
  const client = await RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
  await client.signInPlain(clientId, world.secretOf(clientId))
  return client
}

/** Writes batches to partitions of a topic, and gives the answer. */
export async function writeBatches(
  client: RawClient,
  topic: string,
  batches: ReadonlyMap<number, Buffer>,
  { apiVersion = 9, transactionalId = null as string | null, acks = -1 } = {},
): Promise<ProduceResponse> {
  const partitionData = [...batches].map(([index, records]) => ({ index, records }))
  const topicData = [{ name: topic, topicId: ZERO_UUID, partitionData }]
  return await client.request<ProduceResponse>(0, apiVersion, { transactionalId, acks, timeoutMs: 10_000, topicData })
}

/** Fetches a partition and gives what the broker, or the gateway, says of it. */
export async function fetchPartition(
  client: RawClient,
  topic: string,
  { partition = 0, fetchOffset = 0n, apiVersion = 11, maxBytes = 50_000_000, maxWaitMs = 100 } = {},
): Promise<FetchResponse['responses'][number]['partitions'][number]> {
  const asked = {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: maxBytes,
  }
  const body = fetchBody(topic, { topics: [{ topic, topicId: ZERO_UUID, partitions: [asked] }], maxBytes, maxWaitMs })
  const { responses } = await client.request<FetchResponse>(1, apiVersion, body)
  const [answered] = responses[0]?.partitions ?? []
  if (answered === undefined) throw new Error('the partition was not answered')
  return answered
}

/** A record with its offset. */
export type OffsetRecord = KafkaRecord & { readonly offset: number }

/** The records of an answer that a client would show, transactions aside, and all of its bytes, decompressed. */
export function readRecords(bytes: Buffer | null): {
  readonly records: OffsetRecord[]
  readonly inflated: Buffer
  readonly nextOffset: number
} {
  const records: OffsetRecord[] = []
  const inflated: Buffer[] = []
  let nextOffset = -1
  for (const { start, end } of walkBatches(bytes ?? Buffer.alloc(0))) {
    const header = decodeBatchHeader(bytes as Buffer, start)
    const body = decompress(
      compressionOf(header.attributes),
      (bytes as Buffer).subarray(start + BATCH_HEADER_BYTES, end),
      64 * 1024 * 1024,
    )
    inflated.push(body)
    nextOffset = Number(header.baseOffset) + header.lastOffsetDelta + 1
    if (isControl(header.attributes)) continue
    for (const record of decodeRecords(body, header.recordCount))
      records.push({ ...record, offset: Number(header.baseOffset) + record.offsetDelta })
  }
  return { records, inflated: Buffer.concat([bytes ?? Buffer.alloc(0), ...inflated]), nextOffset }
}

const order = (more = ''): string => `{"customer":{"ssn":"${CANARY}"},"total":12345678901234567890${more}}`

/** Records of `masked.orders`. */
const HIT: BatchRecord = { key: 'k', value: order(), headers: { 'x-user': 'ada-lovelace' } }
const PLAIN: BatchRecord = { key: 'k', value: '{"total":1.10}' }
const TOMBSTONE: BatchRecord = { key: 'k', value: null }
const BROKEN: BatchRecord = { key: 'k', value: `{"customer":{"ssn":"${CANARY}"}` }
const END: BatchRecord = { key: 'k', value: '{"end":true}' }

const SHOWN = '{"customer":{"ssn":"*****4518"},"total":12345678901234567890}'

/** What a reader of committed records sees of each partition of `masked.orders`, by offset. */
export const committedOrders: readonly (readonly [offset: number, value: string | null])[] = [
  [0, SHOWN],
  [1, '{"total":1.10}'],
  [2, null],
  [3, SHOWN],
  [4, SHOWN],
  [6, SHOWN],
  [10, SHOWN],
  [16, '{"total":1.10}'],
  [20, '{"end":true}'],
]

/**
 * Writes `masked.orders`, each partition in a codec of its own: batches that are masked, in part unreadable and wholly so,
 * a transaction that was committed and one that was aborted, and an end that all clients must get to.
 */
export async function writeOrders(world: World): Promise<void> {
  const topic = 'masked.orders'
  const client = await rawClient(world)
  const write = async (records: readonly BatchRecord[]): Promise<void> =>
    expectWritten(await writeBatches(client, topic, inEveryCodec(records)))
  await write([HIT, PLAIN, TOMBSTONE, HIT])
  await write([HIT, BROKEN, HIT])
  await write([BROKEN, BROKEN, BROKEN])
  const transaction = await beginTransactions(client, topic)
  await transaction.write([HIT, BROKEN], true)
  await untilEnd(world, topic, 13)
  await transaction.write([HIT, HIT], false)
  await untilEnd(world, topic, 16)
  await write([PLAIN, BROKEN])
  await write([BROKEN, BROKEN])
  await write([END])
  client.close()
}

function inEveryCodec(records: readonly BatchRecord[], writer?: BatchWriter): Map<number, Buffer> {
  return new Map(
    codecs.map((codec, partition) => [
      partition,
      recordBatch(records, writer === undefined ? { codec } : { codec, writer }),
    ]),
  )
}

/** Throws where a partition was refused. */
export function expectWritten({ responses }: ProduceResponse): void {
  const refused = responses.flatMap(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode))
  if (refused.some((errorCode) => errorCode !== 0)) throw new Error(`refused: ${refused.join(', ')}`)
}

interface Transactions {
  /** Writes to every partition, and commits or aborts. */
  write(records: readonly BatchRecord[], isCommitted: boolean): Promise<void>
}

async function beginTransactions(client: RawClient, topic: string): Promise<Transactions> {
  const transactionalId = 'shop-orders'
  const { producerId, producerEpoch } = await until('a producer id', async () => {
    // The first to look for a coordinator has the broker make the topic that it needs.
    await client.request(10, 4, { keyType: 1, coordinatorKeys: [transactionalId] })
    const body = { transactionalId, transactionTimeoutMs: 30_000, producerId: -1n, producerEpoch: -1 }
    const answer = await client.request<InitProducerIdResponse>(22, 4, body)
    return answer.errorCode === 0 ? answer : undefined
  })
  let baseSequence = 0
  return {
    async write(records, isCommitted) {
      await until('the transaction to begin', async () => {
        const topics = [{ name: topic, partitions: codecs.map((_codec, partition) => partition) }]
        const body = {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
          v3AndBelowTopics: topics,
        }
        const answer = await client.request<AddPartitionsToTxnResponse>(24, 3, body)
        return answer.resultsByTopicV3AndBelow.every(({ resultsByPartition }) =>
          resultsByPartition.every(({ partitionErrorCode }) => partitionErrorCode === 0),
        )
      })
      const writer = { producerId, producerEpoch, baseSequence, isTransactional: true }
      expectWritten(await writeBatches(client, topic, inEveryCodec(records, writer), { transactionalId }))
      baseSequence += records.length
      const body = { transactionalId, producerId, producerEpoch, committed: isCommitted }
      const { errorCode } = await client.request<EndTxnResponse>(26, 3, body)
      if (errorCode !== 0) throw new Error(`the transaction did not end: ${errorCode}`)
    },
  }
}

/** Waits until each partition of a topic holds so many offsets. */
export async function untilEnd(world: World, topic: string, end: number): Promise<void> {
  const { scramBootstrap, adminCredential } = world.kafka
  await withAdmin(scramBootstrap, adminCredential, (admin) =>
    until(`${end} offsets in ${topic}`, async () => {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.every(({ high }) => Number(high) >= end)
    }),
  )
}
