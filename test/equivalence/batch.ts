import { encodeBatch, encodeRecords } from '@headgate/wire'

/** One moment for all batches, so that both clusters hold the same bytes. */
const WRITTEN_AT = BigInt(Date.now())

/** Who writes a batch, where a producer says so. */
export interface BatchProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
}

const NOBODY: BatchProducer = { producerId: -1n, producerEpoch: -1 }
const TRANSACTIONAL = 0x10

/** A batch of one record. With a producer it is part of a transaction. */
export function batch(value: string, producer = NOBODY): Buffer {
  const record = {
    attributes: 0,
    timestampDelta: 0n,
    offsetDelta: 0,
    key: null,
    value: Buffer.from(value),
    headers: [],
  }
  const isTransactional = producer !== NOBODY
  return encodeBatch(
    {
      baseOffset: 0n,
      partitionLeaderEpoch: -1,
      magic: 2,
      attributes: isTransactional ? TRANSACTIONAL : 0,
      lastOffsetDelta: 0,
      baseTimestamp: WRITTEN_AT,
      maxTimestamp: WRITTEN_AT,
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      baseSequence: isTransactional ? 0 : -1,
      recordCount: 1,
    },
    encodeRecords([record]),
  )
}
