import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BATCH_HEADER_BYTES,
  type BatchSpan,
  compressionOf,
  decodeBatchHeader,
  encodeBatch,
  isBatchIntact,
  isControl,
  isLogAppendTime,
  isTransactional,
  type RecordBatchHeader,
  walkBatches,
} from './batch-header.ts'
import { crc32c } from './crc32c.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 200)
const LONG_MS = 120_000

type Kept = Omit<RecordBatchHeader, 'batchLength' | 'crc'>

const int16 = fc.integer({ min: -0x8000, max: 0x7fff })
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const header: fc.Arbitrary<Kept> = fc.record({
  baseOffset: int64,
  partitionLeaderEpoch: fc.integer(),
  magic: fc.constant(2),
  attributes: int16,
  lastOffsetDelta: fc.integer(),
  baseTimestamp: int64,
  maxTimestamp: int64,
  producerId: int64,
  producerEpoch: int16,
  baseSequence: fc.integer(),
  recordCount: fc.integer(),
})
const bytes = fc.uint8Array({ maxLength: 120 }).map((array) => Buffer.from(array))

const HEADER: Kept = {
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
const BATCH = encodeBatch(HEADER, Buffer.alloc(20, 0x61))

test('crc-32c is the Castagnoli one, of the bytes between start and end', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.from('xx123456789yy'), 2, 11)).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(0))).toBe(0)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
})

test(
  'a batch keeps every field of its header, with its length and crc computed [wire-roundtrip]',
  () => {
    fc.assert(
      fc.property(header, bytes, (kept, records) => {
        const batch = encodeBatch(kept, records)
        const read = decodeBatchHeader(batch)

        expect(read).toEqual({ ...kept, batchLength: batch.length - 12, crc: crc32c(batch, 21) })
        expect(encodeBatch(read, batch.subarray(BATCH_HEADER_BYTES)).equals(batch)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  },
  LONG_MS,
)

test('the crc covers everything from the attributes on, and nothing before, so that a broker may set offset and epoch', () => {
  const span = { start: 0, end: BATCH.length, magic: 2 }

  expect(isBatchIntact(BATCH, span)).toBe(true)
  for (let at = 0; at < BATCH.length; at += 1) {
    const damaged = Buffer.from(BATCH)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    expect(isBatchIntact(damaged, span), `byte ${at}`).toBe(at < 17)
  }
})

test('a last batch that the broker cut off is left out', () => {
  const two = Buffer.concat([BATCH, BATCH])

  for (let cut = BATCH.length; cut < two.length; cut += 1) {
    expect([...walkBatches(two, 0, cut)].map(({ end }) => end)).toEqual([BATCH.length])
  }
  expect([...walkBatches(two)]).toEqual([
    { start: 0, end: BATCH.length, magic: 2 },
    { start: BATCH.length, end: two.length, magic: 2 },
  ])
})

test('attributes tell codec, control, transaction and whose timestamps they are', () => {
  expect([0, 1, 2, 3, 4, 0x34].map(compressionOf)).toEqual([0, 1, 2, 3, 4, 4])
  expect([0x30, 0x10, 0x20].map(isControl)).toEqual([true, false, true])
  expect([0x30, 0x10, 0x20].map(isTransactional)).toEqual([true, true, false])
  expect([0x08, 0x37].map(isLogAppendTime)).toEqual([true, false])
})

test.each([0, 1])('messages of magic %i are named, not read', (magic) => {
  const old = Buffer.alloc(40)
  old.writeInt32BE(28, 8)
  old.writeInt8(magic, 16)

  expect([...walkBatches(Buffer.concat([old, BATCH]))]).toEqual([
    { start: 0, end: 40, magic },
    { start: 40, end: 40 + BATCH.length, magic: 2 },
  ])
})

test.each([-2147483648, -13, -1, 0, 48])(
  'a batch of %i bytes is refused, never walked in a circle [wire-hostile]',
  (length) => {
    const lying = Buffer.from(BATCH)
    lying.writeInt32BE(length, 8)

    expect(() => [...walkBatches(lying)]).toThrow(expect.objectContaining({ code: 'ERR_WIRE_INVALID_LENGTH' }))
  },
)

test(
  'random bytes are walked to their end or refused, and no span leaves them [wire-hostile]',
  () => {
    fc.assert(
      fc.property(
        bytes,
        fc.integer({ min: -100, max: 100 }),
        fc.integer({ min: -1, max: 3 }),
        (random, length, magic) => {
          if (random.length > 17) {
            random.writeInt32BE(length, 8)
            random.writeInt8(magic, 16)
          }
          for (const { start, end } of spansOf(random))
            expect(0 <= start && start < end && end <= random.length).toBe(true)
        },
      ),
      { numRuns: RUNS },
    )
  },
  LONG_MS,
)

test('a header of fewer bytes than it has is a short read [wire-hostile]', () => {
  for (let cut = 0; cut < BATCH_HEADER_BYTES; cut += 1) {
    expect(() => decodeBatchHeader(BATCH.subarray(0, cut))).toThrow(
      expect.objectContaining({ code: 'ERR_WIRE_SHORT_READ' }),
    )
  }
})

function spansOf(random: Buffer): BatchSpan[] {
  try {
    return [...walkBatches(random)]
  } catch (error) {
    if (isHeadgateError(error) && error.code.startsWith('ERR_WIRE_')) return []
    throw error
  }
}
