import fc from 'fast-check'
import { expect, test } from 'vitest'
import { everyMessageVersion } from '../conformance/message-arbitrary-fixture.ts'
import { decodeFetchResponse, type FetchResponse } from '../messages/01-fetch.ts'
import { Reader } from '../primitives/reader.ts'
import { decodeBatchHeader, encodeBatch, walkBatches } from '../records/batch-header.ts'
import { FetchResponseWalker } from './fetch-response-walker.ts'

const FETCH = 1
const versions = everyMessageVersion().filter(({ apiKey, direction }) => apiKey === FETCH && direction === 'response')

/** A batch whose base offset tells it from others. */
function batch(baseOffset: bigint, recordsBytes: number): Buffer {
  const header = {
    partitionLeaderEpoch: 1,
    magic: 2,
    attributes: 0,
    lastOffsetDelta: 1,
    baseTimestamp: 0n,
    maxTimestamp: 0n,
  }
  const producer = { producerId: -1n, producerEpoch: -1, baseSequence: -1, recordCount: 2 }
  return encodeBatch({ baseOffset, ...header, ...producer }, Buffer.alloc(recordsBytes, 0x61))
}

/** Two batches and the opening of a third, as a broker cuts them. */
const RECORDS = Buffer.concat([batch(10n, 40), batch(12n, 3), batch(14n, 90).subarray(0, 70)])

/** A random response, whose records are real batches. */
function withRecords(response: object): FetchResponse {
  const copy = structuredClone(response) as FetchResponse
  const responses = copy.responses.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((partition, index) => ({
      ...partition,
      records: index % 2 === 0 ? RECORDS : null,
    })),
  }))
  // A structured clone of a Buffer is a Uint8Array; the tagged fields are covered by the round trip.
  return JSON.parse(
    JSON.stringify({ ...copy, responses }, (key, value) =>
      key === 'unknownTags' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
    ),
    (key, value) => {
      if (key === 'records' && value !== null) return RECORDS
      return typeof value === 'string' && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value
    },
  )
}

function walk(version: number, body: Buffer, cuts: readonly number[] = []): unknown[] {
  const heard: unknown[] = []
  const walker = new FetchResponseWalker({
    partition: ({ topicName, topicId, index, errorCode, highWatermark, lastStableOffset, recordsBytes }) =>
      heard.push({ topicName, topicId, index, errorCode, highWatermark, lastStableOffset, recordsBytes }),
    batch: ({ baseOffset, isWhole }, { index }) => heard.push({ index, baseOffset, isWhole }),
  })
  walker.reset(version, body.length)
  const edges = [0, ...cuts, body.length]
  for (let at = 1; at < edges.length; at += 1) walker.push(body, edges[at - 1] ?? 0, edges[at] ?? 0)
  expect(walker.isDone).toBe(true)
  return heard
}

function expected(version: number, body: Buffer): unknown[] {
  const { responses } = decodeFetchResponse(new Reader(body), version)
  return responses.flatMap(({ topic, topicId, partitions }) =>
    partitions.flatMap(({ partitionIndex: index, errorCode, highWatermark, lastStableOffset, records }) => {
      const whole = records === null ? [] : [...walkBatches(records)]
      const batches = whole.map(({ start }) => ({
        index,
        baseOffset: decodeBatchHeader(records ?? RECORDS, start).baseOffset,
        isWhole: true,
      }))
      const cut = records === null ? [] : [{ index, baseOffset: 14n, isWhole: false }]
      return [
        {
          topicName: topic,
          topicId,
          index,
          errorCode,
          highWatermark,
          lastStableOffset,
          recordsBytes: records?.length ?? 0,
        },
        ...batches,
        ...cut,
      ]
    }),
  )
}

test('the walker says what the decoder says, wherever the body is cut in two', () => {
  for (const { version, arbitrary, encode } of versions) {
    for (const sample of fc.sample(arbitrary, { numRuns: 2, seed: version })) {
      const body = encode(withRecords(sample))
      const wanted = expected(version, body)

      expect(walk(version, body), `v${version}`).toEqual(wanted)
      for (let cut = 1; cut < body.length; cut += 1)
        expect(walk(version, body, [cut]), `v${version} cut at ${cut}`).toEqual(wanted)
    }
  }
})

test('a body that ends too early or too late gives a coded error', () => {
  for (const { version, arbitrary, encode } of versions) {
    const [sample = {}] = fc.sample(arbitrary, { numRuns: 1, seed: version + 50 })
    const body = encode(withRecords(sample))
    for (let cut = 0; cut < body.length; cut += 7) expect(() => walk(version, body.subarray(0, cut))).toThrow()
    expect(() => walk(version, Buffer.concat([body, Buffer.alloc(1)]))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_WIRE_/) }),
    )
  }
})
