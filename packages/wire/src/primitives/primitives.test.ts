import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFetchRequest, defaultFetchRequest, encodeFetchRequest } from '../messages/01-fetch.ts'
import { decodeMetadataRequest, defaultMetadataRequest, encodeMetadataRequest } from '../messages/03-metadata.ts'
import { Reader } from './reader.ts'
import { ZERO_UUID } from './uuid.ts'
import { Writer } from './writer.ts'

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer(1)
  write(writer)
  return writer.finish()
}

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'))
}

const withCode = (code: string): unknown => expect.objectContaining({ code })

describe('varints', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.integer(),
        fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        (natural, integer, long) => {
          const bytes = written((writer) => {
            writer.uvarint(natural)
            writer.varint(integer, 'b')
            writer.varlong(long, 'c')
          })
          const back = new Reader(bytes)

          expect([back.uvarint('a'), back.varint('b'), back.varlong('c')]).toEqual([natural, integer, long])
          expect(back.remaining).toBe(0)
        },
      ),
    )
  })

  test('have the bytes that Kafka gives them', () => {
    expect(written((writer) => writer.uvarint(300)).toString('hex')).toBe('ac02')
    expect(written((writer) => writer.varint(-2147483648, 'a')).toString('hex')).toBe('ffffffff0f')
    expect(written((writer) => writer.varlong(-(2n ** 63n), 'a')).toString('hex')).toBe('ffffffffffffffffff01')
  })

  test('of more than 5 or 10 bytes, or of more bits than the type has, are refused [wire-hostile]', () => {
    expect(() => reader('808080808001').uvarint('a')).toThrow(withCode('ERR_WIRE_INVALID_VARINT'))
    expect(() => reader('ffffffff1f').uvarint('a')).toThrow(withCode('ERR_WIRE_INVALID_VARINT'))
    expect(() => reader('ffffffffffffffffff02').varlong('a')).toThrow(withCode('ERR_WIRE_INVALID_VARINT'))
    expect(() => reader('8080').uvarint('a')).toThrow(withCode('ERR_WIRE_SHORT_READ'))
  })
})

describe('strings', () => {
  test('that are no UTF-8 are refused, for they could hide another name [wire-hostile]', () => {
    expect(() => reader('0003c3281f').string(false, 'name')).toThrow(withCode('ERR_WIRE_INVALID_STRING'))
    expect(() => reader(`0014${'ff'.repeat(20)}`).string(false, 'name')).toThrow(withCode('ERR_WIRE_INVALID_STRING'))
    expect(reader('0003efbfbd').string(false, 'name')).toBe('\ufffd')
  })

  test('name the field and the offset in the error, and nothing of what was read', () => {
    const bytes = reader('0005736563')

    expect(() => bytes.string(false, 'name')).toThrow(
      expect.objectContaining({
        message: 'name at 2: 5 bytes needed, 3 remain',
        details: { field: 'name', offset: 2, neededBytes: 5, remainingBytes: 3 },
      }),
    )
  })

  test('that are null where none may be are refused both ways', () => {
    expect(() => reader('ffff').string(false, 'name')).toThrow(withCode('ERR_WIRE_UNEXPECTED_NULL'))
    expect(() => reader('fffe').nullableString(false, 'name')).toThrow(withCode('ERR_WIRE_INVALID_LENGTH'))
    expect(() => written((writer) => writer.string(null, true, 'name'))).toThrow(withCode('ERR_WIRE_UNEXPECTED_NULL'))
  })

  test('longer than the protocol allows are refused both ways', () => {
    const long = 'x'.repeat(0x8000)

    expect(() => written((writer) => writer.string(long, true, 'name'))).toThrow(withCode('ERR_WIRE_INVALID_LENGTH'))
    expect(() =>
      new Reader(Buffer.concat([Buffer.from('818002', 'hex'), Buffer.from(long)])).string(true, 'n'),
    ).toThrow(withCode('ERR_WIRE_INVALID_LENGTH'))
  })
})

test('a number that does not fit its type is refused, not cut', () => {
  const writer = new Writer()

  expect(() => writer.int8(128, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.int16(-32769, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.uint16(65536, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.int32(1.5, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.int64(2n ** 63n, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.varint(2 ** 31, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.varlong(-(2n ** 63n) - 1n, 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.uuid('short', 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
  expect(() => writer.uuid('!'.repeat(22), 'a')).toThrow(withCode('ERR_WIRE_VALUE_OUT_OF_RANGE'))
})

test('a zero uuid is what Kafka writes it as', () => {
  expect(written((writer) => writer.uuid(ZERO_UUID, 'a'))).toEqual(Buffer.alloc(16))
})

describe('tagged fields', () => {
  const request = { ...defaultFetchRequest(), clusterId: 'c' }
  const encode = (value: typeof request, version: number): Buffer =>
    written((writer) => encodeFetchRequest(writer, value, version))

  test('that are unknown keep their place among the known ones [wire-roundtrip]', () => {
    const known = { ...request, replicaState: { replicaId: 1, replicaEpoch: 2n } }
    const unknown = { ...known, unknownTags: [{ tag: 2, content: Buffer.from('u') }] }
    const older = { ...request, unknownTags: [{ tag: 1, content: Buffer.from('later') }] }

    expect(decodeFetchRequest(new Reader(encode(unknown, 15)), 15)).toEqual(unknown)
    expect(decodeFetchRequest(new Reader(encode(older, 12)), 12)).toEqual(older)
  })

  test('that are repeated, out of order, or of another size than announced are refused [wire-hostile]', () => {
    const plain = encode(defaultFetchRequest() as typeof request, 12)
    const body = plain.subarray(0, plain.length - 1).toString('hex')
    const decode = (tags: string) => () => decodeFetchRequest(reader(body + tags), 12)

    expect(decode('0100020163')).toThrow(withCode('ERR_WIRE_INVALID_TAG'))
    expect(decode('0100010263')).toThrow(withCode('ERR_WIRE_SHORT_READ'))
    expect(decode('0100020263')).not.toThrow()
    expect(decode('010003026300')).toThrow(withCode('ERR_WIRE_INVALID_TAG'))
    expect(decode('0200020263' + '00020263')).toThrow(withCode('ERR_WIRE_INVALID_TAG'))
    expect(decode('02050100' + '040100')).toThrow(withCode('ERR_WIRE_INVALID_TAG'))
    expect(decode('ffffffff0f')).toThrow(withCode('ERR_WIRE_SHORT_READ'))
  })

  test('cannot be written twice, or where the version has none', () => {
    const clash = { ...request, unknownTags: [{ tag: 0, content: Buffer.from('x') }] }
    const unsorted = [9, 5].map((tag) => ({ tag, content: Buffer.alloc(0) }))

    expect(() => encode(clash, 12)).toThrow(withCode('ERR_WIRE_INVALID_TAG'))
    expect(() => encode({ ...request, clusterId: null as never, unknownTags: unsorted }, 12)).toThrow(
      withCode('ERR_WIRE_INVALID_TAG'),
    )
    expect(() => encode(clash, 11)).toThrow(withCode('ERR_WIRE_UNSUPPORTED_FIELD'))
  })
})

describe('versions', () => {
  test('a value that the version cannot carry is refused, unless Kafka says that it may be dropped', () => {
    const encode = (change: object, version: number): Buffer =>
      written((writer) => encodeMetadataRequest(writer, { ...defaultMetadataRequest(), ...change }, version))

    expect(() => encode({ allowAutoTopicCreation: false }, 3)).toThrow(
      expect.objectContaining({
        code: 'ERR_WIRE_UNSUPPORTED_FIELD',
        details: { field: 'allowAutoTopicCreation', version: 3 },
      }),
    )
    expect(() => encode({ topics: null }, 0)).toThrow(withCode('ERR_WIRE_UNSUPPORTED_FIELD'))
    expect(() => encode({ topics: null }, 1)).not.toThrow()
    expect(() =>
      written((writer) => encodeFetchRequest(writer, { ...defaultFetchRequest(), clusterId: 'c' }, 11)),
    ).not.toThrow()
  })

  test('that no codec knows are refused', () => {
    expect(() => decodeMetadataRequest(reader('00'), 14)).toThrow(withCode('ERR_WIRE_UNSUPPORTED_VERSION'))
    expect(() => decodeFetchRequest(reader('00'), 3)).toThrow(withCode('ERR_WIRE_UNSUPPORTED_VERSION'))
    expect(() => decodeFetchRequest(reader('00'), Number.NaN)).toThrow(withCode('ERR_WIRE_UNSUPPORTED_VERSION'))
  })
})

test('a reader gives no more elements and unknown tags than it was told to', () => {
  const reader = new Reader(Buffer.from([4, 1, 1, 1, 3, 1, 1, 2, 0, 0, 1, 0]))
  reader.elementsLeft = 5

  expect(reader.arrayLength(true, 1, 'names')).toBe(3)
  reader.skip(3)
  expect(reader.nullableArrayLength(true, 1, 'names')).toBe(2)
  reader.skip(2)
  expect(() => reader.unknownTags()).toThrow(withCode('ERR_WIRE_INVALID_LENGTH'))
})
