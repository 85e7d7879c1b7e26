import { Compression } from '@headgate/wire'
import { expect, test } from 'vitest'
import { maskRecordSet } from './mask-record-set.ts'
import type { MaskedRecordSet, WithheldForm } from './masked-record-set.ts'
import { batch, compiled, decodeSet, seen } from './record-set-fixture.ts'

const only = { fields: ['id,card(brand)'], headers: ['Trace'], key: false }

function show(
  records: Buffer,
  form: WithheldForm = 'marker',
  more: Parameters<typeof compiled>[0] = {},
): MaskedRecordSet {
  return maskRecordSet(records, { mask: compiled({ only, ...more }), fetchOffset: 0n, form })
}

test.each(Object.entries(Compression))(
  'P6: of a record only what a list names is left, in codec %s',
  (_name, codec) => {
    const headers = [
      ['TRACE', 't'],
      ['x-user', 'ada'],
      ['none', null],
      ['trace', null],
    ] as const
    const value = '{"id":1.0,"card":{"brand":"visa","n":1},"secret":"4111111111111111"}'
    const given = [
      { key: 'ada', value, headers },
      { key: 'ada', value: null, headers },
    ]
    const { records, masked } = show(batch(0, { codec, records: given }))
    const shown = decodeSet(records)[0]?.records

    expect(seen(records)).toEqual(['0 {"id":1.0,"card":{"brand":"visa"}}', '1 null'])
    expect(shown?.map(({ key }) => key)).toEqual([null, null])
    const left = shown?.map((each) => each.headers.map(({ key, value: text }) => `${key}=${text}`))
    expect(left).toEqual([
      ['TRACE=t', 'trace=null'],
      ['TRACE=t', 'trace=null'],
    ])
    expect(masked).toEqual([{ field: 'only', count: 8 }])
  },
)

test('P6: what is no JSON is withheld, and its placeholder has no key that is not kept', () => {
  const given = [
    { key: 'ada', value: 'text' },
    { key: 'ada', value: '' },
  ]
  const { records } = show(batch(0, { records: given }), 'placeholder')
  expect(seen(records)).toEqual(['0 {"headgate-withheld":"not-json"}', '1 '])
  expect(decodeSet(records)[0]?.records.map(({ key }) => key)).toEqual([null, null])
  for (const format of ['text', 'opaque'] as const)
    expect(show(batch(0, { records: given }), 'marker', { format }).withheld).toEqual([
      { reason: 'no-format', count: 1 },
    ])
})

test('a set that holds nothing else is the buffer that was given', () => {
  const source = batch(0, { records: [{ value: '{ "id" : 1 }', headers: [['trace', 't']] }] })
  expect(show(source).records).toBe(source)
})
