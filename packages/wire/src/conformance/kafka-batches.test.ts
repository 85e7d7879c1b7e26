/** Batches that Kafka's own classes wrote, of each codec, are read to the records that they say, and rewritten to the same. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Compression, compress, decompress } from '@headgate/compression'
import { describe, expect, test } from 'vitest'
import {
  BATCH_HEADER_BYTES,
  compressionOf,
  decodeBatchHeader,
  encodeBatch,
  isBatchIntact,
  isControl,
  isLogAppendTime,
  isTransactional,
  walkBatches,
} from '../records/batch-header.ts'
import { decodeRecords, encodeRecords, type KafkaRecord } from '../records/record.ts'

const MAX_BYTES = 1024 * 1024
const CODEC_NAMES = Object.keys(Compression)

interface Row {
  readonly name: string
  readonly bytes: Buffer
  /** What Kafka reads from the bytes; its SHA-256 where that is long. */
  readonly said: unknown
}

function linesOf(file: string): Row[] {
  const lines = readFileSync(join(import.meta.dirname, '../../golden', file), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => {
    const [name = '', bytes = '', said = 'null'] = line.split('\t')
    return { name, bytes: Buffer.from(bytes, 'base64'), said: JSON.parse(said) }
  })
}

const rows: readonly Row[] = linesOf('batches.tsv')
const old = rows.filter(({ name }) => name.startsWith('magic'))
const current = rows.filter(({ name }) => !name.startsWith('magic'))

describe.each(current)('$name', ({ name, bytes, said }) => {
  test('is read to what kafka says', () => {
    const read = [describeBatch(bytes)]

    expect(typeof said === 'string' ? sha256(JSON.stringify(read)) : read).toEqual(said)
  })

  test('is intact, and stays what it was when its records are rewritten [wire-roundtrip]', () => {
    const header = decodeBatchHeader(bytes)
    const codec = compressionOf(header.attributes)
    const plain = decompress(codec, bytes.subarray(BATCH_HEADER_BYTES), MAX_BYTES)
    const records = encodeRecords(decodeRecords(plain, header.recordCount))
    const rewritten = encodeBatch(header, compress(codec, records))

    expect(isBatchIntact(bytes, { start: 0, end: bytes.length, magic: 2 })).toBe(true)
    expect(records.equals(plain)).toBe(true)
    expect(describeBatch(rewritten)).toEqual(describeBatch(bytes))
    if (codec === Compression.none) expect(rewritten.equals(bytes), name).toBe(true)
  })

  test('is refused when more would come out than is allowed', () => {
    const { attributes } = decodeBatchHeader(bytes)
    const records = bytes.subarray(BATCH_HEADER_BYTES)
    const size = decompress(compressionOf(attributes), records, MAX_BYTES).length

    expect(decompress(compressionOf(attributes), records, size)).toHaveLength(size)
    expect(() => decompress(compressionOf(attributes), records, size - 1)).toThrow(
      expect.objectContaining({ code: 'ERR_COMPRESSION_TOO_LARGE' }),
    )
  })
})

test.each(old)('messages of $name are named, each on its own', ({ name, bytes, said }) => {
  const spans = [...walkBatches(bytes)]

  expect(spans.map(({ magic }) => `magic ${magic}`)).toEqual([name, name])
  expect(spans).toHaveLength(Object(said).length)
  expect(spans.at(-1)?.end).toBe(bytes.length)
})

test.each(linesOf('librdkafka.tsv'))(
  'what librdkafka compressed with $name is read, and its records rewritten [wire-roundtrip]',
  (row) => {
    const header = decodeBatchHeader(row.bytes)
    const plain = decompress(compressionOf(header.attributes), row.bytes.subarray(BATCH_HEADER_BYTES), MAX_BYTES)
    const records = decodeRecords(plain, header.recordCount)

    expect(CODEC_NAMES[compressionOf(header.attributes)]).toBe(row.name)
    expect(isBatchIntact(row.bytes, { start: 0, end: row.bytes.length, magic: 2 })).toBe(true)
    expect(encodeRecords(records).equals(plain)).toBe(true)
    expect(records.map(({ key, value }) => `${key}:${value}`)).toEqual(
      records.map((_, n) => `k${n}:{"id":${n},"text":"${'naïve '.repeat(n % 9)}"}`),
    )
    expect(records[7]?.headers.map(({ key, value }) => `${key}=${value}`)).toEqual(['a=1', 'a=2'])
  },
)

/** The batch as `KafkaBytes.java` describes it, in the order in which it does. */
function describeBatch(bytes: Buffer): object {
  const header = decodeBatchHeader(bytes)
  const { attributes, baseTimestamp } = header
  const plain = decompress(compressionOf(attributes), bytes.subarray(BATCH_HEADER_BYTES), MAX_BYTES)
  const describeRecord = ({ timestampDelta, offsetDelta, key, value, headers }: KafkaRecord): object => ({
    offset: Number(header.baseOffset) + offsetDelta,
    timestamp: Number(isLogAppendTime(attributes) ? header.maxTimestamp : baseTimestamp + timestampDelta),
    key: key?.toString('base64') ?? null,
    value: value?.toString('base64') ?? null,
    headers: headers.map((each) => [each.key.toString('utf8'), each.value?.toString('base64') ?? null]),
  })
  return {
    magic: header.magic,
    baseOffset: Number(header.baseOffset),
    lastOffset: Number(header.baseOffset) + header.lastOffsetDelta,
    codec: CODEC_NAMES[compressionOf(attributes)],
    isControl: isControl(attributes),
    isTransactional: isTransactional(attributes),
    producerId: Number(header.producerId),
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    maxTimestamp: Number(header.maxTimestamp),
    isLogAppendTime: isLogAppendTime(attributes),
    records: decodeRecords(plain, header.recordCount).map(describeRecord),
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
