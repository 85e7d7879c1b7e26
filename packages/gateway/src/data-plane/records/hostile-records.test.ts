import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compress, crc32c, encodeBatch, encodeRecords } from '@headgate/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MaskBudget } from './mask-budget.ts'
import { beginMasking, driveInSlices, maskRecordSet } from './mask-record-set.ts'
import type { MaskedRecordSet, WithheldForm } from './masked-record-set.ts'
import { batch, compiled, decodeSet, seen } from './record-set-fixture.ts'

const CANARY = '4111111111111111'
const CLEAR = `{"secret":"${CANARY}"}`
const BOMB_BYTES = 40 * 1024 * 1024
const forms: readonly WithheldForm[] = ['marker', 'hole', 'placeholder', 'refusal']

function mask(records: Buffer, form: WithheldForm = 'marker', budget?: MaskBudget): MaskedRecordSet {
  return maskRecordSet(records, {
    mask: compiled(),
    fetchOffset: 0n,
    form,
    ...(budget === undefined ? {} : { budget }),
  })
}

/** A batch whose header says what it likes, with a sound checksum. */
function lying(records: Buffer, recordCount: number, lastOffsetDelta: number, attributes = 0): Buffer {
  const times = { baseTimestamp: 0n, maxTimestamp: 0n }
  const producer = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
  const header = { baseOffset: 0n, partitionLeaderEpoch: 0, magic: 2, attributes, lastOffsetDelta, recordCount }
  return encodeBatch({ ...header, ...times, ...producer }, records)
}

function plainRecords(...deltas: number[]): Buffer {
  return encodeRecords(
    deltas.map((offsetDelta) => ({
      attributes: 0,
      timestampDelta: 0n,
      offsetDelta,
      key: null,
      value: Buffer.from(CLEAR),
      headers: [],
    })),
  )
}

function corrupt(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = value
  return copy
}

const two = plainRecords(0, 1)
const sound = batch(0, { records: [{ value: CLEAR }, { value: CLEAR }] })

describe('batches that lie', () => {
  const lies: readonly (readonly [name: string, bytes: Buffer, reason: string])[] = [
    ['a checksum that is not theirs', corrupt(sound, 70, 0x20), 'batch-corrupt'],
    ['more records than there are', lying(two, 3, 2), 'batch-unreadable'],
    ['fewer records than there are', lying(two, 1, 1), 'batch-unreadable'],
    ['as many records as an integer holds', lying(two, 0x7fffffff, 0x7ffffffe), 'batch-unreadable'],
    ['fewer than no records', lying(two, -1, 1), 'batch-unreadable'],
    ['no records, and bytes', lying(two, 0, 1), 'batch-unreadable'],
    ['an end before its records', lying(two, 2, 0), 'batch-unreadable'],
    ['an end before its beginning', lying(two, 2, -1), 'batch-unreadable'],
    ['offsets that fall', lying(plainRecords(1, 0), 2, 1), 'batch-unreadable'],
    ['the same offset twice', lying(plainRecords(1, 1), 2, 1), 'batch-unreadable'],
    ['a codec that nobody knows', lying(two, 2, 1, 5), 'batch-unreadable'],
    ['a codec that is another', lying(two, 2, 1, 1), 'batch-unreadable'],
    ['a record that ends in the next one', lying(corrupt(two, 0, 0x7e), 2, 1), 'batch-unreadable'],
    ['headers that are not there', lying(corrupt(two, (two.length >> 1) - 1, 0x02), 2, 1), 'batch-unreadable'],
    ['a control batch that is none', lying(two, 2, 1, 0x20), 'batch-unreadable'],
    ['a control batch with a record', lying(plainRecords(0), 1, 0, 0x30), 'batch-unreadable'],
    ['magic of the future', corrupt(sound, 16, 3), 'batch-unreadable'],
  ]

  test.each(lies)('%s are withheld, in every form', (_name, bytes, reason) => {
    const before = batch(0, { records: [{ value: '{}' }] })
    const shifted = Buffer.from(bytes)
    shifted.writeBigInt64BE(1n, 0)
    for (const form of forms) {
      const result = mask(Buffer.concat([before, shifted]), form)
      expect(result.withheld.map((each) => each.reason)).toEqual([reason])
      expect(result.records.includes(CANARY)).toBe(false)
      expect(result.refusal).toEqual(form === 'refusal' ? { recordIndex: undefined, reason } : undefined)
      expect(decodeSet(result.records).every(({ records }) => records.length > 0)).toBe(true)
    }
  })

  test('P6: messages of the old formats are withheld', () => {
    const message = Buffer.alloc(60, CLEAR)
    message.writeBigInt64BE(7n, 0)
    message.writeInt32BE(48, 8)
    message.writeInt8(1, 16)
    const [marker] = decodeSet(mask(message).records)
    expect(marker).toMatchObject({ isControl: true, header: { baseOffset: 7n, lastOffsetDelta: 0 } })
    expect(mask(message, 'hole').readOnFrom).toBe(8n)
    expect(mask(message).withheld).toEqual([{ reason: 'batch-too-old', count: 1 }])
  })

  test('a length that cannot be ends the set, and nothing behind it is seen', () => {
    for (const length of [-1, 0, 20, 0x7fffffff]) {
      const broken = Buffer.from(sound)
      broken.writeInt32BE(length, 8)
      const result = mask(Buffer.concat([batch(0, { records: [{ value: '{}' }] }), broken]))
      expect(seen(result.records)).toEqual(['0 {}'])
      expect(result.cutAt).toBe(batch(0, { records: [{ value: '{}' }] }).length)
    }
  })
})

describe('batches that are cut off', () => {
  test('nothing of them is seen, wherever the cut is', () => {
    const whole = batch(0, { records: [{ value: '{"a":1}' }] })
    for (let cut = 0; cut < sound.length; cut += 1) {
      const result = mask(Buffer.concat([whole, sound.subarray(0, cut)]))
      expect(result.records.equals(whole)).toBe(true)
      expect(result.cutAt).toBe(cut === 0 ? undefined : whole.length)
      expect(mask(sound.subarray(0, cut)).records.length).toBe(0)
    }
  })
})

describe('batches that swell', () => {
  const zeros = Buffer.alloc(BOMB_BYTES)
  const bombs: readonly (readonly [codec: number, bytes: Buffer])[] = [
    [1, gzipSync(zeros)],
    [2, compress(2, zeros)],
    [3, compress(3, zeros)],
    [4, zstdCompressSync(zeros)],
  ]

  test.each(bombs)('codec %i: a batch larger than is read is withheld', async (codec, bytes) => {
    const bomb = lying(bytes, 1000, 999, codec)
    expect(mask(bomb).withheld).toEqual([{ reason: 'batch-too-large', count: 1000 }])
    const work = beginMasking(bomb, { mask: compiled(), fetchOffset: 0n, form: 'marker' })
    expect((await driveInSlices(work)).withheld).toEqual([{ reason: 'batch-too-large', count: 1000 }])
  })

  test('where an answer has swollen too much, the rest is cut off, and nothing is lost', () => {
    const records = [{ value: `{"x":"${'x'.repeat(10_000)}"}` }]
    const set = Buffer.concat([0, 1, 2, 3].map((base) => batch(base, { codec: 1, records })))
    const result = mask(set, 'marker', new MaskBudget({ maxInflatedBytes: 15_000 }))
    expect(decodeSet(result.records).map(({ header }) => header.baseOffset)).toEqual([0n, 1n])
    expect(result.withheldCount).toBe(0)
    expect(result.cutAt).toBe(result.records.length)
  })
})

describe('whatever comes', () => {
  test('P6: bytes that were tampered with never throw, and show nothing that is masked', () => {
    const sets = [0, 1, 2, 3, 4].map((codec) =>
      Buffer.concat([
        batch(0, { codec, records: [{ value: CLEAR, headers: [['h', 'v']] }, { value: null }] }),
        batch(2, { codec, records: [{ value: CLEAR }] }),
      ]),
    )
    const change = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.constantFrom(...forms),
        (codec, changes, mendsChecksum, form) => {
          const bytes = Buffer.from(sets[codec] as Buffer)
          for (const [at, value] of changes) bytes[at % bytes.length] = value
          if (mendsChecksum) bytes.writeUInt32BE(crc32c(bytes, 21, 12 + (sets[codec] as Buffer).readInt32BE(8)), 17)
          const result = mask(bytes, form)
          expect(isClear(result.records)).toBe(false)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...forms), (bytes, form) => {
        mask(Buffer.from(bytes), form)
      }),
      { numRuns: 2000 },
    )
  })
})

/** Whether anything that could be read shows the value where it is masked. */
function isClear(records: Buffer): boolean {
  return decodeSet(records).some(({ records: all }) => all.some(({ value }) => value?.includes(CLEAR)))
}
