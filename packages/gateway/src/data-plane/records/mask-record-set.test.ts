import { parseStrategy } from '@headgate/masking'
import { Compression, crc32c, isBatchIntact, walkBatches } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import { MaskBudget } from './mask-budget.ts'
import { beginMasking, driveInSlices, maskRecordSet } from './mask-record-set.ts'
import type { MaskedRecordSet, WithheldForm } from './masked-record-set.ts'
import { batch, compiled, decodeSet, nextOffset, seen, type TestRecord } from './record-set-fixture.ts'

const CLEAR = '{"secret":"4111111111111111","id":12345678901234567890}'
const MASKED = '{"secret":"************1111","id":12345678901234567890}'
const PLAIN = '{"total":1.10}'
const BROKEN = '{"secret":"4111111111111111"'
const codecs = Object.entries(Compression)
const record = (value: string | null): TestRecord => ({
  key: 'k',
  value,
  headers: [
    ['h', 'v'],
    ['h', null],
  ],
})

function mask(records: Buffer, form: WithheldForm = 'marker', fetchOffset = 0n): MaskedRecordSet {
  const result = maskRecordSet(records, { mask: compiled(), fetchOffset, form })
  for (const span of walkBatches(result.records)) expect(isBatchIntact(result.records, span)).toBe(true)
  return result
}

describe.each(codecs)('batches of codec %s', (_name, codec) => {
  const set = (...values: (string | null)[]): Buffer => batch(100, { codec, records: values.map(record) })

  test('a record is masked, and everything else stays', () => {
    const source = set(PLAIN, CLEAR, null, PLAIN)
    const result = mask(source)
    expect(seen(result.records)).toEqual([`100 ${PLAIN}`, `101 ${MASKED}`, '102 null', `103 ${PLAIN}`])
    expect(result).toMatchObject({ firstOffset: 100n, lastOffset: 103n, recordCount: 4, maskedRecordCount: 1 })
    expect(result).toMatchObject({ masked: [{ field: 'secret', count: 1 }], withheldCount: 0, cutAt: undefined })
    const [before, after] = [decodeSet(source)[0], decodeSet(result.records)[0]]
    expect({ ...after?.header, crc: 0, batchLength: 0 }).toEqual({ ...before?.header, crc: 0, batchLength: 0 })
    expect(after?.records.map((each) => ({ ...each, value: null }))).toEqual(
      before?.records.map((each) => ({ ...each, value: null })),
    )
  })

  test('a set without a hit is the buffer that was given', () => {
    const source = Buffer.concat([set(PLAIN, null), batch(102, { codec, records: [record(PLAIN)] })])
    expect(mask(source).records).toBe(source)
  })

  test('a batch without a hit keeps its bytes among others', () => {
    const [first, second, third] = [
      set(PLAIN),
      batch(101, { codec, records: [record(CLEAR)] }),
      batch(102, { codec, records: [record(PLAIN)] }),
    ]
    const [one, two, three] = decodeSet(mask(Buffer.concat([first, second, third])).records)
    expect(one?.bytes.equals(first)).toBe(true)
    expect(two?.bytes.equals(second)).toBe(false)
    expect(three?.bytes.equals(third)).toBe(true)
  })

  test('P6: a record that cannot be read is left out, in every form', () => {
    const source = set(PLAIN, BROKEN, CLEAR)
    for (const form of ['marker', 'hole'] as const) {
      const result = mask(source, form)
      expect(seen(result.records)).toEqual([`100 ${PLAIN}`, `102 ${MASKED}`])
      expect(nextOffset(result.records)).toBe(103)
      expect(result.withheld).toEqual([{ reason: 'not-json', count: 1 }])
    }
    const placeholder = mask(source, 'placeholder')
    expect(seen(placeholder.records)[1]).toBe('101 {"headgate-withheld":"not-json"}')
    const held = decodeSet(placeholder.records)[0]?.records[1]
    expect(held?.headers.map(({ key, value }) => `${key}=${value}`)).toEqual(['headgate-withheld=not-json'])
    expect(held?.key?.toString()).toBe('k')
    expect(mask(source, 'refusal').refusal).toEqual({ recordIndex: 1, reason: 'not-json' })
  })

  test('producer fields and transaction stay', () => {
    const header = { producerId: 7n, producerEpoch: 2, baseSequence: 40, attributes: 0x10 }
    const source = batch(5, { codec, ...header, records: [record(CLEAR), record(BROKEN), record(CLEAR)] })
    const [after] = decodeSet(mask(source).records)
    expect(after?.header).toMatchObject({ ...header, attributes: 0x10 | codec, lastOffsetDelta: 2, recordCount: 2 })
  })

  test('in slices the same comes out', async () => {
    const records = Array.from({ length: 400 }, (_, index) => record(index % 7 === 0 ? BROKEN : CLEAR))
    const source = Buffer.concat([batch(0, { codec, records }), batch(400, { codec, records })])
    const budget = new MaskBudget({ sliceBytes: 500 })
    const options = { mask: compiled(), fetchOffset: 0n, form: 'marker' as const }
    const sliced = await driveInSlices(beginMasking(source, { ...options, budget }))
    const whole = mask(source)
    expect(seen(sliced.records)).toEqual(seen(whole.records))
    expect({ ...sliced, records: 0 }).toEqual({ ...whole, records: 0 })
  })
})

describe('what is withheld at the end', () => {
  const tail = (base = 0): Buffer => batch(base, { records: [record(PLAIN), record(BROKEN), record(BROKEN)] })
  const whole = (base: number): Buffer => batch(base, { records: [record(BROKEN), record(BROKEN)] })

  test('one control batch stands for all of it, with its record at the last offset', () => {
    const result = mask(Buffer.concat([tail(), whole(3)]))
    const [data, marker, ...others] = decodeSet(result.records)
    expect(others).toEqual([])
    expect(data?.header.lastOffsetDelta).toBe(0)
    expect(marker).toMatchObject({ isControl: true, header: { baseOffset: 1n, lastOffsetDelta: 3, producerId: -1n } })
    expect(marker?.header.partitionLeaderEpoch).toBe(5)
    expect(marker?.records.map(({ offset }) => offset)).toEqual([4])
    expect(marker?.bytes.length).toBe(78)
    expect(result).toMatchObject({ lastOffset: 0n, recordCount: 1, withheldCount: 4 })
  })

  test('a batch without a hit is shortened before the control batch only where its own end is withheld', () => {
    const first = batch(0, { records: [record(PLAIN)] })
    const [kept, marker] = decodeSet(mask(Buffer.concat([first, whole(1)])).records)
    expect(kept?.bytes.equals(first)).toBe(true)
    expect(marker?.header).toMatchObject({ baseOffset: 1n, lastOffsetDelta: 1 })
  })

  test('the last batch reaches over it, where control batches are not understood', () => {
    const result = mask(Buffer.concat([tail(), whole(3)]), 'hole')
    const [data, ...others] = decodeSet(result.records)
    expect(others).toEqual([])
    expect(data?.header).toMatchObject({ lastOffsetDelta: 4, recordCount: 1 })
    const unchanged = mask(Buffer.concat([batch(0, { records: [record(PLAIN)] }), whole(1)]), 'hole')
    expect(decodeSet(unchanged.records).map(({ header }) => header.lastOffsetDelta)).toEqual([2])
    expect(seen(unchanged.records)).toEqual([`0 ${PLAIN}`])
  })

  test('where nothing is seen, one control batch stands for everything, or reading goes on behind it', () => {
    const source = Buffer.concat([whole(10), whole(12)])
    const [marker, ...others] = decodeSet(mask(source, 'marker', 10n).records)
    expect(others).toEqual([])
    expect(marker?.header).toMatchObject({ baseOffset: 10n, lastOffsetDelta: 3 })
    const hole = mask(source, 'hole', 10n)
    expect(hole).toMatchObject({ readOnFrom: 14n, firstOffset: undefined, lastOffset: undefined, recordCount: 0 })
    expect(hole.records.length).toBe(0)
  })

  test('what has been read already is not what is seen', () => {
    const source = batch(0, { records: [record(PLAIN), record(CLEAR), record(BROKEN)] })
    expect(mask(source, 'hole', 2n).readOnFrom).toBe(3n)
    const [marker, ...others] = decodeSet(mask(source, 'marker', 2n).records)
    expect(others).toEqual([])
    expect(marker?.header).toMatchObject({ baseOffset: 2n, lastOffsetDelta: 0 })
  })

  test('a marker of the broker behind it needs no other', () => {
    const end = { key: '\0\0\0\x01', value: '\0\0\0\0\0\x05' }
    const marker = batch(2, { records: [end], attributes: 0x30, producerId: 7n })
    const source = Buffer.concat([batch(0, { records: [record(BROKEN), record(BROKEN)], attributes: 0x10 }), marker])
    for (const form of ['marker', 'hole'] as const) {
      expect(decodeSet(mask(source, form).records).map(({ bytes }) => bytes.equals(marker))).toEqual([true])
    }
  })

  test('no batch is ever left without records', () => {
    for (const form of ['marker', 'hole', 'placeholder'] as const) {
      const sets = decodeSet(mask(Buffer.concat([whole(0), tail(2), whole(5)]), form).records)
      expect(sets.every(({ records }) => records.length > 0)).toBe(true)
    }
  })
})

describe('keys and headers', () => {
  const rules = {
    key: parseStrategy({ token: 'user' }),
    headers: [
      { name: 'x-user', with: parseStrategy('last-4') },
      { name: 'gone', with: parseStrategy('remove') },
    ],
    value: [{ detect: ['payment-card' as const], with: parseStrategy('last-4') }],
  }

  function headersOf(value: string, headers: TestRecord['headers'] = []): string[] {
    const source = batch(0, { records: [{ key: 'ada', value, headers }] })
    const { records } = maskRecordSet(source, { mask: compiled(rules), fetchOffset: 0n, form: 'marker' })
    return decodeSet(records).flatMap(({ records: all }) =>
      all.flatMap((each) => each.headers.map(({ key, value: shown }) => `${key}=${shown}`)),
    )
  }

  test('P6: named headers are masked whole in any case, order and duplicates stay, detectors look into the others', () => {
    expect(
      headersOf('{}', [
        ['a', '1'],
        ['x-user', '4111111111111111'],
        ['gone', 'x'],
        ['X-User', 'adalovelace'],
        ['a', 'card 4111111111111111'],
        ['x-user', null],
      ]),
    ).toEqual(['a=1', 'x-user=************1111', 'X-User=*******lace', 'a=card ************1111', 'x-user=null'])
  })

  test('a header of the gateway’s own name that a producer wrote is taken out', () => {
    expect(
      headersOf('{}', [
        ['headgate-withheld', 'not-json'],
        ['b', '2'],
        ['Headgate-Withheld', null],
      ]),
    ).toEqual(['b=2'])
  })

  test('a header that is no text stays, unless something is found in it', () => {
    expect(headersOf('{}', [['id', Buffer.from([0xff, 1])]])).toHaveLength(1)
    expect(headersOf('{}', [['id', Buffer.concat([Buffer.from([0xff]), Buffer.from('4111111111111111')])]])).toEqual([
      'id=',
    ])
  })

  test('P6: a key becomes a token, and a record without one keeps none', () => {
    const source = batch(0, {
      records: [
        { key: 'ada', value: '{}' },
        { key: null, value: null },
      ],
    })
    const { records, masked } = maskRecordSet(source, { mask: compiled(rules), fetchOffset: 0n, form: 'marker' })
    const keys = decodeSet(records).flatMap(({ records: all }) => all.map(({ key }) => key?.toString() ?? null))
    expect(keys).toEqual([expect.stringMatching(/^hgt1_k1_/), null])
    expect(masked).toEqual([{ field: 'key', count: 1 }])
  })

  test('P6: a placeholder shows no key that is masked', () => {
    const source = batch(0, { records: [{ key: 'ada', value: '{' }] })
    const { records } = maskRecordSet(source, { mask: compiled(rules), fetchOffset: 0n, form: 'placeholder' })
    expect(decodeSet(records)[0]?.records[0]?.key?.toString()).toMatch(/^hgt1_k1_/)
  })
})

describe('formats', () => {
  const card = 'card 4111111111111111'
  const rules = { value: [{ detect: ['payment-card' as const], with: parseStrategy('last-4') }] }

  test.each([
    ['text', [`0 card ************1111`], 0],
    ['opaque', [], 1],
    ['json', [], 1],
  ] as const)('%s', (format, expected, withheldCount) => {
    const source = batch(0, { records: [{ value: card }] })
    const result = maskRecordSet(source, { mask: compiled({ ...rules, format }), fetchOffset: 0n, form: 'marker' })
    expect(seen(result.records)).toEqual(expected)
    expect(result.withheldCount).toBe(withheldCount)
  })

  test('an opaque value is shown where nothing in it is masked, and so is one of no bytes', () => {
    const source = batch(0, { records: [{ value: card }, { value: '' }] })
    const nothing = compiled({ format: 'opaque', value: [] })
    expect(maskRecordSet(source, { mask: nothing, fetchOffset: 0n, form: 'marker' }).records).toBe(source)
    const withheld = maskRecordSet(source, { mask: compiled({ format: 'opaque' }), fetchOffset: 0n, form: 'marker' })
    expect(seen(withheld.records)).toEqual(['1 '])
  })

  test('P6: a mask that cannot be compiled withholds everything', () => {
    const broken = compiled({ value: [{ fields: '((', with: { type: 'remove' } }] })
    const source = batch(0, { records: [{ value: PLAIN }, { value: null }] })
    const result = maskRecordSet(source, { mask: broken, fetchOffset: 0n, form: 'marker' })
    expect(result).toMatchObject({ recordCount: 0, withheld: [{ reason: 'mask-invalid', count: 2 }] })
  })

  test('unmask lifts what it names', () => {
    const source = batch(0, { records: [record(CLEAR)] })
    const lifted = compiled({ unmask: { fields: ['secret'] } })
    expect(maskRecordSet(source, { mask: lifted, fetchOffset: 0n, form: 'marker' }).records).toBe(source)
  })
})

test('the checksum is that of the new bytes', () => {
  const { records } = mask(batch(0, { records: [record(CLEAR)] }))
  expect(records.readUInt32BE(17)).toBe(crc32c(records, 21))
})
