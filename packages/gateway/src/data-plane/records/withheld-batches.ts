import type { RecordWithheldReason } from '@headgate/masking'
import { placeholderValue, WITHHELD_HEADER } from '@headgate/masking'
import { encodeBatch, encodeRecords, type KafkaRecord } from '@headgate/wire'

const CONTROL_ATTRIBUTES = 0x20
/** Version and type of a control record: 0, COMMIT. */
const COMMIT_KEY = Buffer.from('00000001', 'hex')
/** Version and the coordinator's epoch. */
const COMMIT_VALUE = Buffer.from('000000000000', 'hex')
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1, baseSequence: -1 } as const
/** Neither a codec nor a control batch. */
const NO_CODEC = ~0x27

/** Offsets that stand for records that are not seen. */
export interface WithheldSpan {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly partitionLeaderEpoch: number
}

function record(offsetDelta: number, key: Buffer | null, value: Buffer, headers: KafkaRecord['headers']): Buffer {
  return encodeRecords([{ attributes: 0, timestampDelta: 0n, offsetDelta, key, value, headers }])
}

/**
 * Makes the control batch that stands for withheld records: clients take its offsets for read and show nothing of it.
 *
 * INVARIANT: its one record stands at the last offset, or some clients ask once for every offset before it; it is a COMMIT of
 * no producer, for an ABORT, and a batch without records, break clients. The timestamp is nobody's.
 */
export function createMarkerBatch({ firstOffset, lastOffset, partitionLeaderEpoch }: WithheldSpan): Buffer {
  const lastOffsetDelta = Number(lastOffset - firstOffset)
  return encodeBatch(
    {
      baseOffset: firstOffset,
      partitionLeaderEpoch,
      magic: 2,
      attributes: CONTROL_ATTRIBUTES,
      lastOffsetDelta,
      baseTimestamp: 0n,
      maxTimestamp: 0n,
      ...NO_PRODUCER,
      recordCount: 1,
    },
    record(lastOffsetDelta, COMMIT_KEY, COMMIT_VALUE, []),
  )
}

/**
 * Makes the batch that visibly stands for a batch that cannot be read: one record at its last offset. Producer and
 * transaction stay, so that what was aborted is not shown.
 */
export function createPlaceholderBatch(header: Buffer, lastOffsetDelta: number, reason: RecordWithheldReason): Buffer {
  return encodeBatch(
    {
      baseOffset: header.readBigInt64BE(0),
      partitionLeaderEpoch: header.readInt32BE(12),
      magic: 2,
      attributes: header.readInt16BE(21) & NO_CODEC,
      lastOffsetDelta,
      baseTimestamp: header.readBigInt64BE(27),
      maxTimestamp: header.readBigInt64BE(35),
      producerId: header.readBigInt64BE(43),
      producerEpoch: header.readInt16BE(51),
      baseSequence: header.readInt32BE(53),
      recordCount: 1,
    },
    record(lastOffsetDelta, null, placeholderValue(reason), [
      { key: Buffer.from(WITHHELD_HEADER), value: Buffer.from(reason) },
    ]),
  )
}
