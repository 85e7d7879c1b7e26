import {
  decodeFetchRequest,
  decodeMetadataResponse,
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  defaultMetadataResponse,
  defaultMetadataResponseBroker,
  defaultMetadataResponsePartition,
  defaultMetadataResponseTopic,
  defaultProduceRequest,
  defaultProduceRequestPartitionProduceData,
  defaultProduceRequestTopicProduceData,
  encodeBatch,
  encodeFetchRequest,
  encodeFetchResponse,
  encodeMetadataResponse,
  encodeProduceRequest,
  FetchResponseWalker,
  ProduceRequestWalker,
  Reader,
  Writer,
} from '@headgate/wire'
import type { Figure } from './figure.ts'
import { spreadOf } from './statistics.ts'

interface Case {
  readonly what: string
  readonly times: number
  readonly once: () => void
}

const METADATA_VERSION = 12
const FETCH_VERSION = 12
const PRODUCE_VERSION = 9
const CHUNK_BYTES = 64 * 1024
const BATCH_BYTES = 21_000

/** What decoding, encoding and walking cost, on one core, without a socket. */
export function benchWire(rounds: number, tell: (text: string) => void): Figure[] {
  return [...metadataCases(), ...fetchCases(), ...produceCases()].map(({ what, times, once }) => {
    const micros = Array.from({ length: rounds + 1 }, () => microsecondsFor(times, once)).slice(1)
    const spread = spreadOf(micros)
    tell(`wire: ${what} ${spread.median.toFixed(2)} µs`)
    return { bench: 'wire', what, unit: 'µs', digits: 2, spread }
  })
}

function microsecondsFor(times: number, once: () => void): number {
  const startedAt = performance.now()
  for (let n = 0; n < times; n += 1) once()
  return ((performance.now() - startedAt) * 1_000) / times
}

function encoded(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return writer.finish()
}

function metadataCases(): Case[] {
  const partitions = Array.from({ length: 12 }, (_, partitionIndex) => ({
    ...defaultMetadataResponsePartition(),
    partitionIndex,
    leaderId: partitionIndex % 3,
    leaderEpoch: 5,
    replicaNodes: [1, 2, 3],
    isrNodes: [1, 2, 3],
  }))
  const message = {
    ...defaultMetadataResponse(),
    clusterId: 'bench',
    brokers: [1, 2, 3].map((nodeId) => ({
      ...defaultMetadataResponseBroker(),
      nodeId,
      host: `broker-${nodeId}.example`,
      port: 9092,
    })),
    topics: Array.from({ length: 100 }, (_, n) => ({
      ...defaultMetadataResponseTopic(),
      name: `topic-name-${n}`,
      topicId: Buffer.alloc(16, n).toString('base64url'),
      partitions,
    })),
  }
  const bytes = encoded((writer) => encodeMetadataResponse(writer, message, METADATA_VERSION))
  const name = 'Metadata response v12, 100 topics of 12 partitions'
  return [
    {
      what: `${name}: decode`,
      times: 500,
      once: () => void decodeMetadataResponse(new Reader(bytes), METADATA_VERSION),
    },
    {
      what: `${name}: encode`,
      times: 500,
      once: () => void encoded((writer) => encodeMetadataResponse(writer, message, METADATA_VERSION)),
    },
  ]
}

function fetchCases(): Case[] {
  const requested = Array.from({ length: 10 }, (_, partition) => ({
    ...defaultFetchRequestFetchPartition(),
    partition,
    fetchOffset: 123_456_789n,
    partitionMaxBytes: 1_048_576,
  }))
  const request = {
    ...defaultFetchRequest(),
    topics: Array.from({ length: 5 }, (_, n) => ({
      ...defaultFetchRequestFetchTopic(),
      topic: `topic-${n}`,
      partitions: requested,
    })),
  }
  const requestBytes = encoded((writer) => encodeFetchRequest(writer, request, FETCH_VERSION))
  const responseBytes = encoded((writer) => encodeFetchResponse(writer, fetchResponse(), FETCH_VERSION))
  let batches = 0
  const walker = new FetchResponseWalker({
    batch: () => {
      batches += 1
    },
  })
  return [
    {
      what: 'Fetch request v12, 50 partitions: decode',
      times: 5_000,
      once: () => void decodeFetchRequest(new Reader(requestBytes), FETCH_VERSION),
    },
    {
      what: 'Fetch response v12, 47 batches in 1 MB: walk in 64 KiB pieces',
      times: 5_000,
      once: () => {
        walker.reset(FETCH_VERSION, responseBytes.length)
        inPieces(responseBytes, (start, end) => walker.push(responseBytes, start, end))
        if (batches % 47 !== 0) throw new Error('the walker missed a batch')
      },
    },
  ]
}

function fetchResponse(): ReturnType<typeof defaultFetchResponse> {
  const batch = recordBatch()
  const partitions = Array.from({ length: 10 }, (_, partitionIndex) => ({
    ...defaultFetchResponsePartitionData(),
    partitionIndex,
    records: Buffer.concat(Array.from({ length: partitionIndex === 0 ? 38 : 1 }, () => batch)),
  }))
  const topic = { ...defaultFetchResponseFetchableTopicResponse(), topic: 'topic-0', partitions }
  return { ...defaultFetchResponse(), responses: [topic] }
}

function produceCases(): Case[] {
  const partition = { ...defaultProduceRequestPartitionProduceData(), index: 0, records: recordBatch() }
  const topic = { ...defaultProduceRequestTopicProduceData(), name: 'topic-0', partitionData: [partition] }
  const request = { ...defaultProduceRequest(), acks: -1, timeoutMs: 5_000, topicData: [topic] }
  const bytes = encoded((writer) => encodeProduceRequest(writer, request, PRODUCE_VERSION))
  const walker = new ProduceRequestWalker({ preamble: () => {}, partition: () => {} })
  return [
    {
      what: 'Produce request v9, one batch of 21 KB: walk',
      times: 200_000,
      once: () => {
        walker.reset(PRODUCE_VERSION, bytes.length)
        walker.push(bytes, 0, bytes.length)
      },
    },
  ]
}

function recordBatch(): Buffer {
  const header = {
    baseOffset: 5n,
    partitionLeaderEpoch: 1,
    magic: 2,
    attributes: 0,
    lastOffsetDelta: 99,
    baseTimestamp: 0n,
    maxTimestamp: 0n,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 100,
  }
  return encodeBatch(header, Buffer.alloc(BATCH_BYTES, 1))
}

function inPieces(bytes: Buffer, take: (start: number, end: number) => void): void {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) take(at, Math.min(bytes.length, at + CHUNK_BYTES))
}
