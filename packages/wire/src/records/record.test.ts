import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecords, encodeRecords, type KafkaRecord } from './record.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 300)
const LONG_MS = 120_000

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
const nullable = fc.option(bytes, { freq: 3 })
const record: fc.Arbitrary<KafkaRecord> = fc.record({
  attributes: fc.integer({ min: -128, max: 127 }),
  timestampDelta: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -70n, max: 70n })),
  offsetDelta: fc.integer(),
  key: nullable,
  value: nullable,
  headers: fc.array(fc.record({ key: bytes, value: nullable }), { maxLength: 4 }),
})

test(
  'any records come back as they were, byte for byte [wire-roundtrip]',
  () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), (records) => {
        const encoded = encodeRecords(records)
        const decoded = decodeRecords(encoded, records.length)

        expect(decoded).toEqual(records)
        expect(encodeRecords(decoded).equals(encoded)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  },
  LONG_MS,
)

test(
  'random bytes, and true ones with a byte changed, give a coded error or records [wire-hostile]',
  () => {
    const outcome = (input: Buffer, count: number): void => {
      try {
        decodeRecords(input, count)
      } catch (error) {
        if (!isHeadgateError(error) || !error.code.startsWith('ERR_WIRE_')) throw error
      }
    }
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 3 }),
        bytes,
        fc.nat(),
        fc.nat(255),
        (records, random, at, byte) => {
          const encoded = encodeRecords(records)
          encoded[at % encoded.length] = byte
          outcome(encoded, records.length)
          outcome(random, at % 9)
        },
      ),
      { numRuns: RUNS },
    )
  },
  LONG_MS,
)

const ONE: KafkaRecord = {
  attributes: 0,
  timestampDelta: 0n,
  offsetDelta: 0,
  key: null,
  value: Buffer.from('v'),
  headers: [{ key: Buffer.from('h'), value: null }],
}

test('a field that reaches into the next record is refused [wire-hostile]', () => {
  const two = encodeRecords([ONE, ONE])
  const valueLength = two.indexOf('v') - 1
  two[valueLength] = 2 * 9

  expect(codeOf(() => decodeRecords(two, 2))).toBe('ERR_WIRE_SHORT_READ')
})

test.each([
  [
    'a record that ends behind its fields',
    (it: Buffer) => change(it, 0, (it[0] ?? 0) + 2, Buffer.alloc(1)),
    'ERR_WIRE_TRAILING_BYTES',
  ],
  ['a record of negative length', (it: Buffer) => change(it, 0, 1), 'ERR_WIRE_INVALID_LENGTH'],
  ['a header without a name', (it: Buffer) => change(it, it.indexOf('h') - 1, 1), 'ERR_WIRE_UNEXPECTED_NULL'],
  ['more headers than can follow', (it: Buffer) => change(it, it.indexOf('h') - 2, 0x7e), 'ERR_WIRE_INVALID_LENGTH'],
  ['a key of length -2', (it: Buffer) => change(it, it.indexOf('v') - 2, 3), 'ERR_WIRE_INVALID_LENGTH'],
  ['bytes behind the last record', (it: Buffer) => Buffer.concat([it, it]), 'ERR_WIRE_TRAILING_BYTES'],
  ['an end before the last record', (it: Buffer) => it.subarray(0, -1), 'ERR_WIRE_SHORT_READ'],
] as const)('%s is refused [wire-hostile]', (_, damage, code) => {
  expect(codeOf(() => decodeRecords(damage(encodeRecords([ONE])), 1))).toBe(code)
})

test.each([-1, 1_000_000_000, 2_147_483_647])(
  'a count of %i records is refused before anything is read [wire-hostile]',
  (count) => {
    expect(codeOf(() => decodeRecords(encodeRecords([ONE]), count))).toBe('ERR_WIRE_INVALID_LENGTH')
  },
)

test('deltas that do not fit their types are refused, not cut', () => {
  expect(codeOf(() => encodeRecords([{ ...ONE, offsetDelta: 2 ** 31 }]))).toBe('ERR_WIRE_VALUE_OUT_OF_RANGE')
  expect(codeOf(() => encodeRecords([{ ...ONE, timestampDelta: 2n ** 63n }]))).toBe('ERR_WIRE_VALUE_OUT_OF_RANGE')
})

test('views, not copies, are what a record holds', () => {
  const encoded = encodeRecords([ONE])
  const [read] = decodeRecords(encoded, 1)
  encoded[encoded.indexOf('v')] = 0x77

  expect(read?.value?.toString()).toBe('w')
})

function change(bytes: Buffer, at: number, byte: number, more: Buffer = Buffer.alloc(0)): Buffer {
  const changed = Buffer.concat([bytes, more])
  changed[at] = byte
  return changed
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (cause) {
    if (isHeadgateError(cause)) return cause.code
    throw cause
  }
}
