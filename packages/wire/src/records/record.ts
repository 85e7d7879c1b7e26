import { InvalidLengthError, TrailingBytesError } from '../errors.ts'
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
  const start = reader.skip(length, 'record')
  reader.offset = start
  const attributes = reader.int8('recordAttributes')
  const timestampDelta = reader.varlong('timestampDelta')
  const offsetDelta = reader.varint('offsetDelta')
  const key = decodeNullable(reader, 'key')
  const value = decodeNullable(reader, 'value')
  const headers = decodeHeaders(reader)
  if (reader.offset !== start + length) throw new TrailingBytesError(reader.offset, start + length - reader.offset)
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
    if (key === null) throw new InvalidLengthError({ field: 'headerKey', offset: reader.offset }, -1)
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

/** Writes records as the uncompressed bytes of a batch. */
export function encodeRecords(records: readonly KafkaRecord[]): Buffer {
  const writer = new Writer()
  for (const record of records) {
    const body = encodeRecord(record)
    writer.varint(body.length)
    writer.raw(body)
  }
  return writer.finish()
}

function encodeRecord(record: KafkaRecord): Buffer {
  const writer = new Writer()
  writer.int8(record.attributes, 'recordAttributes')
  writer.varlong(record.timestampDelta)
  writer.varint(record.offsetDelta)
  encodeNullable(writer, record.key)
  encodeNullable(writer, record.value)
  writer.varint(record.headers.length)
  for (const { key, value } of record.headers) {
    encodeNullable(writer, key)
    encodeNullable(writer, value)
  }
  return writer.finish()
}

function encodeNullable(writer: Writer, bytes: Buffer | null): void {
  writer.varint(bytes === null ? -1 : bytes.length)
  if (bytes !== null) writer.raw(bytes)
}
