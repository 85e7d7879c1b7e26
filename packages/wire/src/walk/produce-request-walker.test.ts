import fc from 'fast-check'
import { expect, test } from 'vitest'
import { everyMessageVersion } from '../conformance/message-arbitrary-fixture.ts'
import { decodeProduceRequest, encodeProduceRequest, type ProduceRequest } from '../messages/00-produce.ts'
import { Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'
import { encodeBatch } from '../records/batch-header.ts'
import { ProduceRequestWalker } from './produce-request-walker.ts'

const PRODUCE = 0
const versions = everyMessageVersion().filter(({ apiKey, direction }) => apiKey === PRODUCE && direction === 'request')

/** What the walker says of a body, cut into pieces before the given positions. */
function walk(version: number, body: Buffer, cuts: readonly number[] = []): unknown[] {
  const heard: unknown[] = []
  const walker = new ProduceRequestWalker({
    preamble: (transactionalId, acks) => heard.push({ transactionalId, acks }),
    partition: (...partition) => heard.push(partition),
  })
  walker.reset(version, body.length)
  const edges = [0, ...cuts, body.length]
  for (let index = 1; index < edges.length; index += 1) walker.push(body, edges[index - 1] ?? 0, edges[index] ?? 0)
  expect(walker.isDone).toBe(true)
  return heard
}

/** What the decoder says of the same body. */
function expected(version: number, body: Buffer): unknown[] {
  const { transactionalId, acks, topicData } = decodeProduceRequest(new Reader(body), version)
  const isOnly = topicData.length === 1 && topicData[0]?.partitionData.length === 1
  const partitions = topicData.flatMap(({ name, topicId, partitionData }) =>
    partitionData.map(({ index, records }) => [name, topicId, index, records?.length ?? 0, isOnly]),
  )
  return [{ transactionalId, acks }, ...partitions]
}

test('the walker says what the decoder says, wherever the body is cut in two', () => {
  for (const { version, arbitrary, encode } of versions) {
    for (const request of fc.sample(arbitrary, { numRuns: 5, seed: version })) {
      const body = encode(request)
      const wanted = expected(version, body)

      expect(walk(version, body)).toEqual(wanted)
      for (let cut = 1; cut < body.length; cut += 1)
        expect(walk(version, body, [cut]), `v${version} cut at ${cut}`).toEqual(wanted)
    }
  }
})

test('the walker says the same of a body that comes byte by byte', () => {
  for (const { version, arbitrary, encode } of versions) {
    const [request = {}] = fc.sample(arbitrary, { numRuns: 1, seed: version + 100 })
    const body = encode(request)

    expect(
      walk(
        version,
        body,
        Array.from({ length: Math.max(body.length - 1, 0) }, (_, index) => index + 1),
      ),
    ).toEqual(expected(version, body))
  }
})

test('a body that ends too early or too late, or lies about a length, gives a coded error', () => {
  const request: ProduceRequest = {
    transactionalId: null,
    acks: 1,
    timeoutMs: 1,
    topicData: [
      { name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData: [{ index: 0, records: Buffer.alloc(50) }] },
    ],
  }
  const writer = new Writer()
  encodeProduceRequest(writer, request, 9)
  const body = writer.finish()

  for (let cut = 0; cut < body.length; cut += 1) {
    expect(() => walk(9, body.subarray(0, cut))).toThrow()
    expect(() => walk(9, Buffer.concat([body, Buffer.alloc(1)]))).toThrow(
      expect.objectContaining({ code: 'ERR_WIRE_TRAILING_BYTES' }),
    )
  }
  const lying = Buffer.from(body)
  lying.fill(0xff, 9, 13)
  expect(() => walk(9, lying)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_WIRE_/) }))
})

test('a tagged field that the version does not define is told', () => {
  const writer = new Writer()
  encodeProduceRequest(
    writer,
    {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1,
      topicData: [],
      unknownTags: [{ tag: 5, content: Buffer.from('x') }],
    },
    9,
  )
  const body = writer.finish()
  const walker = new ProduceRequestWalker({ preamble: () => {}, partition: () => {} })
  walker.reset(9, body.length)
  walker.push(body, 0, body.length)

  expect(walker.hasUnknownTags).toBe(true)
})

test('the heads of batches are told to who listens, wherever the body is cut in two', () => {
  const batch = (baseSequence: number): Buffer => encodeBatch({ ...BATCH, baseSequence }, Buffer.alloc(30))
  const partition = { index: 3, records: Buffer.concat([batch(10), batch(13)]) }
  const writer = new Writer()
  const topicData = [{ name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData: [partition] }]
  encodeProduceRequest(writer, { transactionalId: null, acks: 1, timeoutMs: 1, topicData }, 9)
  const body = writer.finish()

  for (let cut = 0; cut <= body.length; cut += 1) {
    const heard: unknown[] = []
    const walker = new ProduceRequestWalker({
      preamble: () => {},
      partition: (_name, _id, index) => heard.push(index),
      batch: ({ baseSequence, producerId, recordCount, isWhole }) =>
        heard.push([baseSequence, producerId, recordCount, isWhole]),
    })
    walker.reset(9, body.length)
    walker.push(body, 0, cut)
    if (cut < body.length) walker.push(body, cut, body.length)

    expect(heard, `cut at ${cut}`).toEqual([3, [10, 77n, 3, true], [13, 77n, 3, true]])
  }
})

const BATCH = {
  baseOffset: 0n,
  partitionLeaderEpoch: -1,
  magic: 2,
  attributes: 0,
  lastOffsetDelta: 2,
  baseTimestamp: 0n,
  maxTimestamp: 0n,
  producerId: 77n,
  producerEpoch: 0,
  recordCount: 3,
}
