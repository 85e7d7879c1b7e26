import { isHeadgateError } from '@headgate/core'
import { expect, test } from 'vitest'
import {
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  encodeFetchResponse,
  type FetchResponse,
} from '../messages/01-fetch.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'
import { Writer } from '../primitives/writer.ts'
import { encodeBatch } from '../records/batch-header.ts'
import { FetchResponseWalker } from './fetch-response-walker.ts'

const VERSIONS = Array.from({ length: 15 }, (_, n) => n + 4)
const TOPIC_ID = Buffer.alloc(16, 7).toString('base64url')
const UNKNOWN_TAGS = [{ tag: 9, content: Buffer.from('later') }]

function batch(baseOffset: bigint, records: number): Buffer {
  const header = {
    baseOffset,
    partitionLeaderEpoch: 3,
    magic: 2,
    attributes: 4,
    lastOffsetDelta: records - 1,
    baseTimestamp: 1n,
    maxTimestamp: 2n,
    producerId: 77n,
    producerEpoch: 1,
    baseSequence: 5,
    recordCount: records,
  }
  return encodeBatch(header, Buffer.alloc(records * 9, 0xff))
}

/** Three topics: batches with a cut one behind them, a failed partition, an old message, and a topic without partitions. */
function response(version: number): FetchResponse {
  const tags = version >= 12 ? UNKNOWN_TAGS : undefined
  const topic = (name: string) => ({
    ...defaultFetchResponseFetchableTopicResponse(),
    topic: version >= 13 ? '' : name,
    topicId: version >= 13 ? TOPIC_ID : ZERO_UUID,
    unknownTags: tags,
  })
  const partition = (partitionIndex: number, errorCode: number, records: Buffer | null) => ({
    ...defaultFetchResponsePartitionData(),
    partitionIndex,
    errorCode,
    highWatermark: 1000n + BigInt(partitionIndex),
    lastStableOffset: 900n,
    records,
    abortedTransactions: records === null ? null : [{ producerId: 77n, firstOffset: 4n, unknownTags: tags }],
    unknownTags: tags,
  })
  const whole = Buffer.concat([batch(100n, 3), batch(103n, 2), batch(105n, 40).subarray(0, 70)])
  return {
    ...defaultFetchResponse(),
    throttleTimeMs: 12,
    errorCode: version >= 7 ? 1 : 0,
    sessionId: version >= 7 ? 99 : 0,
    responses: [
      {
        ...topic('orders'),
        partitions: [partition(0, 0, whole), partition(1, 29, null), partition(2, 0, oldMessage())],
      },
      { ...topic('empty'), partitions: [] },
      { ...topic('naïve'), partitions: [partition(4, 0, batch(7n, 1).subarray(0, 30))] },
    ],
    unknownTags: tags,
  }
}

/** A message of magic 1, with nothing but zeros in it. */
function oldMessage(): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.writeBigInt64BE(55n)
  bytes.writeInt32BE(28, 8)
  bytes.writeInt8(1, 16)
  return bytes
}

function encode(version: number): Buffer {
  const writer = new Writer()
  encodeFetchResponse(writer, response(version), version)
  return writer.finish()
}

/** What a walk over the pieces between `cuts` reports, as lines. */
function walk(body: Buffer, version: number, cuts: readonly number[]): string[] {
  const lines: string[] = []
  const walker = new FetchResponseWalker({
    preamble: (...values) => lines.push(`preamble ${values.join(' ')}`),
    partition: (each) => lines.push(`partition ${Object.values(each).join(' ')}`),
    batch: (head, { index }) =>
      lines.push(
        head.magic < 2
          ? `old ${index} ${head.magic} ${head.baseOffset} ${head.batchBytes}`
          : `batch ${index} ${head.baseOffset}-${head.lastOffset} of ${head.batchBytes}, whole ${head.isWhole}, ` +
              `${head.recordCount} records, ${head.attributes} ${head.producerId} ${head.producerEpoch} ${head.baseSequence} ` +
              `${head.partitionLeaderEpoch} ${head.crc}`,
      ),
    partitionEnd: ({ index }) => lines.push(`end ${index}`),
    bodyTag: (...values) => lines.push(`tag ${values.join(' ')}`),
  })
  walker.reset(version, body.length)
  let start = 0
  for (const end of [...cuts, body.length]) {
    walker.push(body, start, end)
    start = end
  }
  expect(walker.isDone).toBe(true)
  return lines
}

test.each(VERSIONS)('version %i: a walk in one piece tells what the decoded response holds', (version) => {
  const body = encode(version)
  const lines = walk(body, version, [])

  expect(lines[0]).toBe(version >= 7 ? 'preamble 12 1 99' : 'preamble 12 0 0')
  expect(lines.filter((line) => line.startsWith('batch'))).toEqual([
    expect.stringMatching(/^batch 0 100-102 of 88, whole true, 3 records, 4 77 1 5 3 \d+$/),
    expect.stringMatching(/^batch 0 103-104 of 79, whole true, 2 records,/),
    expect.stringMatching(/^batch 0 105-144 of 421, whole false, 40 records,/),
  ])
  expect(lines).toContain('old 2 1 55 40')
  expect(lines.filter((line) => line.startsWith('tag '))).toHaveLength(version >= 12 ? 1 : 0)
  expect(lines.filter((line) => line.startsWith('end'))).toEqual(['end 0', 'end 1', 'end 2', 'end 4'])
  expect(lines.filter((line) => line.startsWith('partition')).map((line) => line.split(' ').slice(1, 8))).toEqual(
    response(version).responses.flatMap(({ topic, topicId, partitions }) =>
      partitions.map((each) => [
        topic,
        topicId,
        String(each.partitionIndex),
        String(each.errorCode),
        String(each.highWatermark),
        String(each.lastStableOffset),
        String(each.records?.length ?? 0),
      ]),
    ),
  )
})

test.each(VERSIONS)('version %i: any two cuts change nothing of what is told', (version) => {
  const body = encode(version)
  const lines = walk(body, version, [])
  const everyByte = Array.from({ length: body.length - 1 }, (_, n) => n + 1)

  expect(walk(body, version, everyByte)).toEqual(lines)
  for (const cut of everyByte) {
    expect(walk(body, version, [cut])).toEqual(lines)
    expect(walk(body, version, [cut, Math.min(cut + 13, body.length)])).toEqual(lines)
  }
})

test.each(VERSIONS)('version %i: the positions are those of the fields in the body', (version) => {
  const body = encode(version)
  const walker = new FetchResponseWalker({
    partition: (each) => {
      expect(body.readInt32BE(each.position)).toBe(each.index)
      expect(body.readInt16BE(each.position + 4)).toBe(each.errorCode)
      const lengthBytes = each.recordsPosition - each.recordsLengthPosition
      expect(lengthBytes).toBe(version < 12 ? 4 : each.recordsBytes > 126 ? 2 : 1)
    },
    batch: (head, { recordsPosition, index }) => {
      if (index === 0 && head.baseOffset === 100n) expect(body.readBigInt64BE(recordsPosition)).toBe(100n)
    },
    bodyTag: (tag, position, sizeBytes) => {
      expect(tag).toBe(9)
      expect(body.subarray(position, position + sizeBytes).toString()).toBe('later')
    },
  })

  walker.reset(version, body.length)
  walker.push(body, 0, body.length)
})

test('a body that is cut, or followed by bytes, or of another length than announced gives a coded error [wire-hostile]', () => {
  for (const version of [4, 11, 12, 18]) {
    const body = encode(version)
    for (let end = 1; end < body.length; end++) {
      expect(codeOf(() => walk(body.subarray(0, end), version, []))).toMatch(/^ERR_WIRE_(SHORT_READ|INVALID_LENGTH)$/)
    }
    expect(codeOf(() => walk(Buffer.concat([body, Buffer.alloc(3)]), version, [20]))).toBe('ERR_WIRE_TRAILING_BYTES')
  }
})

test('a tagged field of many pieces is stepped over in linear time, and never put together [wire-hostile]', () => {
  const size = 4 * 1024 * 1024
  const head = Buffer.from('00000000' + '0000' + '00000000' + '01' + '01' + '09' + '80808002', 'hex')
  const walker = new FetchResponseWalker({})
  const before = process.memoryUsage().arrayBuffers
  walker.reset(12, head.length + size)
  walker.push(head, 0, head.length)
  const piece = Buffer.alloc(64)
  for (let at = 0; at < size; at += piece.length) walker.push(piece, 0, piece.length)

  expect(walker.isDone).toBe(true)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
})

test('tags that do not ascend, or sizes past the end, give a coded error [wire-hostile]', () => {
  const body = encode(12)
  const tagged = body.subarray(0, body.length - 8).toString('hex')
  const decode = (tags: string) => codeOf(() => walk(Buffer.from(tagged + tags, 'hex'), 12, []))

  expect(decode('01090161')).toBe('none')
  expect(decode('0209010109' + '0161')).toBe('ERR_WIRE_INVALID_TAG')
  expect(decode('0109ffffffff0f')).toBe('ERR_WIRE_INVALID_LENGTH')
  expect(decode('ffffffff0f')).toBe('ERR_WIRE_INVALID_LENGTH')
})

test('a batch that is shorter than its head gives a coded error [wire-hostile]', () => {
  const value = response(12)
  const records = value.responses[0]?.partitions[0]?.records
  records?.writeInt32BE(-5, 8)
  const writer = new Writer()
  encodeFetchResponse(writer, value, 12)

  expect(codeOf(() => walk(writer.finish(), 12, []))).toBe('ERR_WIRE_INVALID_LENGTH')
})

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (cause) {
    if (isHeadgateError(cause)) return cause.code
    throw cause
  }
}
