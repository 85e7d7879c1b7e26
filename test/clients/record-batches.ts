// Record batches as no client library writes them: any codec, any producer, records that nobody can read.
import { compress, encodeBatch, encodeRecords } from '@headgate/wire'

/** A record; its offset delta is its place in the batch. */
export interface BatchRecord {
  readonly key?: string | null
  readonly value: string | Buffer | null
  readonly headers?: Readonly<Record<string, string>>
}

/** Who writes a batch. */
export interface BatchWriter {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly isTransactional: boolean
}

const NOBODY: BatchWriter = { producerId: -1n, producerEpoch: -1, baseSequence: -1, isTransactional: false }
const TRANSACTIONAL = 0x10

/** Encodes a batch. */
export function recordBatch(
  records: readonly BatchRecord[],
  { codec = 0, writer = NOBODY }: { readonly codec?: number; readonly writer?: BatchWriter } = {},
): Buffer {
  const now = BigInt(Date.now())
  const { isTransactional, ...producer } = writer
  const encoded = encodeRecords(
    records.map(({ key = null, value, headers = {} }, offsetDelta) => ({
      attributes: 0,
      timestampDelta: 0n,
      offsetDelta,
      key: key === null ? null : Buffer.from(key),
      value: typeof value === 'string' ? Buffer.from(value) : value,
      headers: Object.entries(headers).map(([name, text]) => ({ key: Buffer.from(name), value: Buffer.from(text) })),
    })),
  )
  return encodeBatch(
    {
      baseOffset: 0n,
      partitionLeaderEpoch: -1,
      magic: 2,
      attributes: codec | (isTransactional ? TRANSACTIONAL : 0),
      lastOffsetDelta: records.length - 1,
      baseTimestamp: now,
      maxTimestamp: now,
      ...producer,
      recordCount: records.length,
    },
    compress(codec, encoded),
  )
}
