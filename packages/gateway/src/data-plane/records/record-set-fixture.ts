// Test fixture: record sets as brokers have them, and obligations to mask.
import { Secret } from '@headgate/core'
import { parseStrategy, type TokenKey } from '@headgate/masking'
import type { MaskObligation } from '@headgate/policy'
import {
  BATCH_HEADER_BYTES,
  compress,
  compressionOf,
  decodeBatchHeader,
  decodeRecords,
  decompress,
  encodeBatch,
  encodeRecords,
  isControl,
  type KafkaRecord,
  type RecordBatchHeader,
  walkBatches,
} from '@headgate/wire'
import { type CompiledMask, MaskCompiler } from './compiled-mask.ts'

const MAX_BYTES = 64 * 1024 * 1024

/** A key for tokens. */
export const tokenKeys: readonly TokenKey[] = [{ kid: 'k1', secret: new Secret(Buffer.alloc(32, 7)) }]

/** An obligation that removes the field `secret` of JSON values, with changes. */
export function obligation(changes: Partial<MaskObligation> = {}): MaskObligation {
  return {
    digest: 'digest',
    format: 'json',
    onUnreadable: 'withhold',
    value: [{ fields: 'secret', with: parseStrategy('last-4') }],
    headers: [],
    key: undefined,
    unmask: {},
    ...changes,
  }
}

/** Compiles an obligation. */
export function compiled(changes: Partial<MaskObligation> = {}): CompiledMask {
  return new MaskCompiler(tokenKeys).compile(obligation(changes))
}

/** A record as tests write it. */
export interface TestRecord {
  readonly key?: string | null
  readonly value: string | Buffer | null
  readonly headers?: readonly (readonly [string, string | Buffer | null])[]
  readonly offsetDelta?: number
}

/** A batch as tests write it. */
export interface TestBatch extends Partial<Omit<RecordBatchHeader, 'baseOffset'>> {
  readonly records: readonly TestRecord[]
  readonly codec?: number
}

function bytesOf(value: string | Buffer | null): Buffer | null {
  return typeof value === 'string' ? Buffer.from(value) : value
}

function recordOf({ key = null, value, headers = [], offsetDelta }: TestRecord, index: number): KafkaRecord {
  return {
    attributes: 0,
    timestampDelta: BigInt(index * 1000),
    offsetDelta: offsetDelta ?? index,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map(([name, content]) => ({ key: Buffer.from(name), value: bytesOf(content) })),
  }
}

/** Encodes a batch. */
export function batch(baseOffset: number, { records, codec = 0, attributes = 0, ...header }: TestBatch): Buffer {
  const written = records.map(recordOf)
  return encodeBatch(
    {
      baseOffset: BigInt(baseOffset),
      partitionLeaderEpoch: 5,
      magic: 2,
      lastOffsetDelta: written.at(-1)?.offsetDelta ?? 0,
      baseTimestamp: 1_700_000_000_000n,
      maxTimestamp: 1_700_000_009_000n,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      recordCount: written.length,
      ...header,
      attributes: attributes | codec,
    },
    compress(codec, encodeRecords(written)),
  )
}

/** A batch of a set, decoded. */
export interface DecodedBatch {
  readonly header: RecordBatchHeader
  readonly isControl: boolean
  readonly records: readonly (KafkaRecord & { readonly offset: number })[]
  readonly bytes: Buffer
}

/** Decodes a record set. */
export function decodeSet(bytes: Buffer): DecodedBatch[] {
  return [...walkBatches(bytes)].map(({ start, end }) => {
    const header = decodeBatchHeader(bytes, start)
    const body = decompress(
      compressionOf(header.attributes),
      bytes.subarray(start + BATCH_HEADER_BYTES, end),
      MAX_BYTES,
    )
    const records = decodeRecords(body, header.recordCount).map((record) => ({
      ...record,
      offset: Number(header.baseOffset) + record.offsetDelta,
    }))
    return { header, isControl: isControl(header.attributes), records, bytes: bytes.subarray(start, end) }
  })
}

/** What a client shows of a set: offset and value of each record. */
export function seen(bytes: Buffer): string[] {
  return decodeSet(bytes).flatMap(({ isControl: isMarker, records }) =>
    isMarker ? [] : records.map(({ offset, value }) => `${offset} ${value === null ? 'null' : value.toString()}`),
  )
}

/** Where a client goes on behind a set. */
export function nextOffset(bytes: Buffer): number | undefined {
  const last = decodeSet(bytes).at(-1)?.header
  return last === undefined ? undefined : Number(last.baseOffset) + last.lastOffsetDelta + 1
}
