import { gzipSync, zstdCompressSync } from 'node:zlib'
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BATCH_HEADER_BYTES,
  decodeBatchHeader,
  encodeBatch,
  isBatchIntact,
  isControl,
  walkBatches,
} from './batch-header.ts'
import { Compression, compress, decompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { decodeRecords, encodeRecords, type KafkaRecord } from './record.ts'

const HEADER = {
  baseOffset: 9_007_199_254_740_993n,
  partitionLeaderEpoch: 7,
  magic: 2,
  attributes: 0,
  lastOffsetDelta: 41,
  baseTimestamp: 1_700_000_000_000n,
  maxTimestamp: 1_700_000_000_999n,
  producerId: -1n,
  producerEpoch: -1,
  baseSequence: -1,
  recordCount: 3,
}

const RECORDS: readonly KafkaRecord[] = [
  { attributes: 0, timestampDelta: 0n, offsetDelta: 0, key: null, value: Buffer.from('one'), headers: [] },
  { attributes: 0, timestampDelta: -3n, offsetDelta: 5, key: Buffer.alloc(0), value: null, headers: [] },
  {
    attributes: 0,
    timestampDelta: 12_345_678_901n,
    offsetDelta: 41,
    key: Buffer.from('k'),
    value: Buffer.alloc(0),
    headers: [
      { key: Buffer.from('h'), value: Buffer.from([0xff, 0x00]) },
      { key: Buffer.from('h'), value: null },
    ],
  },
]

test('crc-32c is the Castagnoli one', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test('a batch keeps every field of its header, and its crc covers its records', () => {
  const batch = encodeBatch(HEADER, encodeRecords(RECORDS))
  const [span] = [...walkBatches(batch)]

  expect(decodeBatchHeader(batch)).toMatchObject(HEADER)
  expect(span).toEqual({ start: 0, end: batch.length, magic: 2 })
  expect(isBatchIntact(batch, { start: 0, end: batch.length, magic: 2 })).toBe(true)
  batch[BATCH_HEADER_BYTES] = (batch[BATCH_HEADER_BYTES] ?? 0) ^ 1
  expect(isBatchIntact(batch, { start: 0, end: batch.length, magic: 2 })).toBe(false)
})

test('null and empty, duplicate headers and their order come back as they were', () => {
  expect(decodeRecords(encodeRecords(RECORDS), RECORDS.length)).toEqual(RECORDS)
})

test('a last batch that the broker cut off is left out', () => {
  const batch = encodeBatch(HEADER, encodeRecords(RECORDS))
  const two = Buffer.concat([batch, batch])

  for (let cut = batch.length; cut < two.length; cut += 1) {
    expect([...walkBatches(two, 0, cut)].map(({ end }) => end)).toEqual([batch.length])
  }
  expect([...walkBatches(two)]).toHaveLength(2)
})

test('a control batch is told from records of clients', () => {
  expect([isControl(0x30), isControl(0x10), isControl(0x20)]).toEqual([true, false, true])
})

test('messages of the old formats are named, not read', () => {
  const old = Buffer.alloc(40)
  old.writeInt32BE(28, 8)
  old.writeInt8(1, 16)

  expect([...walkBatches(old)]).toEqual([{ start: 0, end: 40, magic: 1 }])
})

test.each(['recordCount', 'cut', 'trailing'])('records that lie about themselves (%s) give a coded error', (lie) => {
  const bytes = encodeRecords(RECORDS)
  const decode = (): unknown => {
    if (lie === 'recordCount') return decodeRecords(bytes, 1_000_000_000)
    return lie === 'cut'
      ? decodeRecords(bytes.subarray(0, bytes.length - 1), 3)
      : decodeRecords(Buffer.concat([bytes, Buffer.alloc(1)]), 3)
  }

  expect(decode).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_WIRE_/) }))
})

describe.each(Object.entries(Compression))('%s', (name, codec) => {
  test('what was compressed comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200_000 }), fc.integer({ min: 1, max: 40 }), (bytes, repeat) => {
        const plain = Buffer.concat(Array.from({ length: repeat }, () => Buffer.from(bytes)))

        expect(decompress(codec, compress(codec, plain), plain.length).equals(plain)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('more than is allowed is refused, at the byte', () => {
    const compressed = compress(codec, Buffer.alloc(10_000_000, 'a'))

    expect(decompress(codec, compressed, 10_000_000)).toHaveLength(10_000_000)
    expect(() => decompress(codec, compressed, 9_999_999)).toThrow(
      expect.objectContaining({ code: 'ERR_WIRE_DECOMPRESSED_TOO_LARGE' }),
    )
  })

  test('bytes that are not of the codec give a coded error', () => {
    if (name === 'none') return expect(decompress(codec, Buffer.from('x'), 1)).toHaveLength(1)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        try {
          decompress(codec, Buffer.from(bytes), 1_000_000)
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^ERR_WIRE_(INVALID_COMPRESSION|DECOMPRESSED_TOO_LARGE)$/),
          })
        }
      }),
    )
  })
})

test.each([
  ['gzip', Compression.gzip, (bytes: Buffer) => gzipSync(bytes)],
  [
    'snappy without framing, as librdkafka writes it',
    Compression.snappy,
    (bytes: Buffer) => Buffer.from(snappyCompress(bytes)),
  ],
  ['lz4', Compression.lz4, (bytes: Buffer) => Buffer.from(lz4Compress(bytes))],
  ['zstd', Compression.zstd, (bytes: Buffer) => zstdCompressSync(bytes)],
] as const)('what others compressed is read: %s', (_, codec, compressByOther) => {
  const plain = Buffer.from('{"customer":"c-1","total":42}'.repeat(5_000))

  expect(decompress(codec, compressByOther(plain), plain.length).equals(plain)).toBe(true)
})
