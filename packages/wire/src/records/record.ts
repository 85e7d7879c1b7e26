import { InvalidLengthError, UnexpectedNullError } from '../errors.ts'
import { Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'

/** A header of a record; names may repeat, and their order is kept. */
export interface RecordHeader {
  /** UTF-8 by convention; kept as bytes. */
  readonly key: Buffer
  readonly value: Buffer | null
}

/** One record of a batch. Keys, values and headers are views of what was read. */
export interface KafkaRecord {
  readonly attributes: number
  readonly timestampDelta: bigint
  readonly offsetDelta: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

const LEAST_RECORD_BYTES = 7
const LEAST_HEADER_BYTES = 2

/**
 * Reads the records of a batch from their uncompressed bytes.
 *
 * ```
 * record = length varint, attributes int8, timestamp_delta varlong, offset_delta varint, key, value, [header]
 * key, value = length varint (-1 is null), bytes      header = key length varint, key, value length varint (-1), value
 * ```
 *
 * @throws {ShortReadError} `ERR_WIRE_SHORT_READ` when the bytes end before the last record.
 * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when a count or a length does not fit.
 * @throws {UnexpectedNullError} `ERR_WIRE_UNEXPECTED_NULL` when a header has no name.
 * @throws {TrailingBytesError} `ERR_WIRE_TRAILING_BYTES` when bytes follow the last record, or the last field of one.
 */
export function decodeRecords(bytes: Buffer, recordCount: number): KafkaRecord[] {
  const reader = new Reader(bytes)
  if (recordCount < 0 || recordCount * LEAST_RECORD_BYTES > bytes.length) {
    throw new InvalidLengthError({ field: 'recordCount', offset: 0 }, recordCount)
  }
  const records: KafkaRecord[] = []
  for (let index = 0; index < recordCount; index += 1) records.push(decodeRecord(reader))
  reader.expectEnd()
  return records
}

function decodeRecord(reader: Reader): KafkaRecord {
  const length = reader.varint('recordLength')
  if (length < 0) throw new InvalidLengthError({ field: 'recordLength', offset: reader.offset }, length)
  const recordsEnd = reader.end
  const start = reader.skip(length, 'record')
  // INVARIANT: no field of a record reaches into the next one.
  reader.offset = start
  reader.end = start + length
  const attributes = reader.int8('recordAttributes')
  const timestampDelta = reader.varlong('timestampDelta')
  const offsetDelta = reader.varint('offsetDelta')
  const key = decodeNullable(reader, 'key')
  const value = decodeNullable(reader, 'value')
  const headers = decodeHeaders(reader)
  reader.expectEnd()
  reader.end = recordsEnd
  return { attributes, timestampDelta, offsetDelta, key, value, headers }
}

function decodeHeaders(reader: Reader): RecordHeader[] {
  const count = reader.varint('headerCount')
  if (count < 0 || count * LEAST_HEADER_BYTES > reader.remaining) {
    throw new InvalidLengthError({ field: 'headerCount', offset: reader.offset }, count)
  }
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index += 1) {
    const key = decodeNullable(reader, 'headerKey')
    if (key === null) throw new UnexpectedNullError({ field: 'headerKey', offset: reader.offset })
    headers.push({ key, value: decodeNullable(reader, 'headerValue') })
  }
  return headers
}

function decodeNullable(reader: Reader, field: string): Buffer | null {
  const length = reader.varint(field)
  if (length === -1) return null
  if (length < 0) throw new InvalidLengthError({ field, offset: reader.offset }, length)
  const start = reader.skip(length, field)
  return reader.bytes.subarray(start, start + length)
}

/**
 * Writes records as the uncompressed bytes of a batch.
 *
 * @throws {ValueOutOfRangeError} `ERR_WIRE_VALUE_OUT_OF_RANGE` when a delta does not fit its type.
 */
export function encodeRecords(records: readonly KafkaRecord[]): Buffer {
  const sizes = records.map(recordBytes)
  const writer = new Writer(sizes.reduce((total, size) => total + varintBytes(size) + size, 0))
  for (const [index, record] of records.entries()) {
    writer.varint(sizes[index] ?? 0, 'recordLength')
    encodeRecord(writer, record)
  }
  return writer.finish()
}

function encodeRecord(writer: Writer, record: KafkaRecord): void {
  writer.int8(record.attributes, 'recordAttributes')
  writer.varlong(record.timestampDelta, 'timestampDelta')
  writer.varint(record.offsetDelta, 'offsetDelta')
  encodeNullable(writer, record.key, 'key')
  encodeNullable(writer, record.value, 'value')
  writer.varint(record.headers.length, 'headerCount')
  for (const { key, value } of record.headers) {
    encodeNullable(writer, key, 'headerKey')
    encodeNullable(writer, value, 'headerValue')
  }
}

function encodeNullable(writer: Writer, bytes: Buffer | null, field: string): void {
  writer.varint(bytes === null ? -1 : bytes.length, field)
  if (bytes !== null) writer.raw(bytes)
}

/** The bytes of a record behind its length. */
function recordBytes({ timestampDelta, offsetDelta, key, value, headers }: KafkaRecord): number {
  let size = 1 + varlongBytes(timestampDelta) + varintBytes(offsetDelta) + nullableBytes(key) + nullableBytes(value)
  size += varintBytes(headers.length)
  for (const header of headers) size += nullableBytes(header.key) + nullableBytes(header.value)
  return size
}

function nullableBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintBytes(bytes.length) + bytes.length
}

function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5
}

function varlongBytes(value: bigint): number {
  const small = Number(value)
  if ((small | 0) === small) return varintBytes(small)
  let bytes = 1
  for (let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)); rest > 0x7fn; rest >>= 7n) bytes += 1
  return bytes
}
