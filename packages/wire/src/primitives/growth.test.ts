import { expect, test } from 'vitest'
import { decodeFetchRequest, defaultFetchRequest, encodeFetchRequest } from '../messages/01-fetch.ts'
import {
  decodeListOffsetsResponse,
  encodeListOffsetsResponse,
  type ListOffsetsResponse,
} from '../messages/02-list-offsets.ts'
import { decodeMetadataRequest, encodeMetadataRequest, type MetadataRequest } from '../messages/03-metadata.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Every method that writes, and what reads it back. */
const PRIMITIVES: readonly [string, (writer: Writer) => void, (reader: Reader) => unknown, unknown][] = [
  ['bool', (writer) => writer.bool(true), (reader) => reader.bool('a'), true],
  ['int8', (writer) => writer.int8(-2, 'a'), (reader) => reader.int8('a'), -2],
  ['int16', (writer) => writer.int16(-3, 'a'), (reader) => reader.int16('a'), -3],
  ['uint16', (writer) => writer.uint16(0xfedc, 'a'), (reader) => reader.uint16('a'), 0xfedc],
  ['int32', (writer) => writer.int32(-4, 'a'), (reader) => reader.int32('a'), -4],
  ['uint32', (writer) => writer.uint32(0xfedcba98, 'a'), (reader) => reader.uint32('a'), 0xfedcba98],
  ['int64', (writer) => writer.int64(-5n, 'a'), (reader) => reader.int64('a'), -5n],
  ['float64', (writer) => writer.float64(0.1), (reader) => reader.float64('a'), 0.1],
  [
    'uuid',
    (writer) => writer.uuid('x'.repeat(21).concat('A'), 'a'),
    (reader) => reader.uuid('a'),
    'x'.repeat(21).concat('A'),
  ],
  ['uvarint', (writer) => writer.uvarint(0xffffffff), (reader) => reader.uvarint('a'), 0xffffffff],
  ['varint', (writer) => writer.varint(-123456, 'a'), (reader) => reader.varint('a'), -123456],
  ['varlong', (writer) => writer.varlong(-(2n ** 63n), 'a'), (reader) => reader.varlong('a'), -(2n ** 63n)],
  ['short string', (writer) => writer.string('orders', true, 'a'), (reader) => reader.string(true, 'a'), 'orders'],
  ['unicode', (writer) => writer.string('naïve', false, 'a'), (reader) => reader.string(false, 'a'), 'naïve'],
  [
    'long string',
    (writer) => writer.string('é'.repeat(50), true, 'a'),
    (reader) => reader.string(true, 'a'),
    'é'.repeat(50),
  ],
  ['int32 array', (writer) => writer.int32Array([7, 8], false, 'a'), (reader) => reader.int32Array(false, 'a'), [7, 8]],
]

test.each(PRIMITIVES)('%s is written whole where the buffer grows under it', (_, write, read, value) => {
  for (let spareBytes = 0; spareBytes <= 16; spareBytes++) {
    const writer = new Writer(64)
    writer.raw(Buffer.alloc(64 - spareBytes))
    write(writer)

    expect(read(new Reader(writer.finish(), 64 - spareBytes)), `${spareBytes} bytes to spare`).toEqual(value)
  }
})

/** As many elements as carry a message over the sizes of 256, 512, 1024 and 2048 bytes, at every alignment. */
const COUNTS = Array.from({ length: 80 }, (_, n) => n)

test('a message of int64s comes back from over every growth of its buffer [wire-roundtrip]', () => {
  for (const count of COUNTS) {
    const partition = (partitionIndex: number) => ({
      partitionIndex,
      errorCode: 0,
      timestamp: 1_700_000_000_000n + BigInt(partitionIndex),
      offset: 2n ** 62n - BigInt(partitionIndex),
      leaderEpoch: 5,
    })
    const topics = [{ name: 'x'.repeat(count), partitions: COUNTS.slice(0, count).map(partition) }]
    const response: ListOffsetsResponse = { throttleTimeMs: 1, topics }
    const writer = new Writer()
    encodeListOffsetsResponse(writer, response, 6)

    expect(decodeListOffsetsResponse(new Reader(writer.finish()), 6)).toEqual(response)
  }
})

test('a message of uuids comes back from over every growth of its buffer [wire-roundtrip]', () => {
  for (const count of COUNTS) {
    const topicId = (n: number): string => Buffer.alloc(16, n + 1).toString('base64url')
    const topics = COUNTS.slice(0, count).map((n) => ({ name: 'y'.repeat(n % 5), topicId: topicId(n) }))
    const request: MetadataRequest = { ...METADATA, topics }
    const writer = new Writer()
    encodeMetadataRequest(writer, request, 12)

    expect(decodeMetadataRequest(new Reader(writer.finish()), 12)).toEqual(request)
  }
})

const METADATA = {
  allowAutoTopicCreation: true,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: true,
}

test('a reader tells whether a tagged field was there that the version does not define', () => {
  const fetch = { ...defaultFetchRequest(), clusterId: 'c' }
  const read = (value: typeof fetch, version: number): boolean => {
    const writer = new Writer()
    encodeFetchRequest(writer, value, version)
    const reader = new Reader(writer.finish())
    decodeFetchRequest(reader, version)
    return reader.hasUnknownTags
  }
  const unknownTags = [{ tag: 77, content: Buffer.from('later') }]

  expect(read(fetch, 12)).toBe(false)
  expect(read({ ...fetch, unknownTags }, 12)).toBe(true)
  expect(read({ ...fetch, forgottenTopicsData: [{ ...FORGOTTEN, unknownTags }] }, 12)).toBe(true)
})

const FORGOTTEN = { topic: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitions: [] }
