import { type BatchHead, BatchWalk, Reader } from '@headgate/wire'

const NEWEST_MAGIC = 2

/** What the head of a batch says, copied out of the bytes that it stood in. */
export interface BatchFact {
  readonly baseOffset: bigint
  readonly lastOffsetDelta: number
  readonly leaderEpoch: number
  readonly crc: number
  readonly records: number
  /** Of the whole batch, also where the end of it was cut off. */
  readonly bytes: number
  /** Whether all of it was there: a broker may cut the last one off, and its first records can be read all the same. */
  readonly isWhole: boolean
}

/** Copies what a head says; of messages before magic 2 it says little. */
export function batchFactOf(head: BatchHead): BatchFact {
  const { baseOffset, batchBytes: bytes, isWhole } = head
  if (head.magic < NEWEST_MAGIC) {
    return { baseOffset, bytes, isWhole, lastOffsetDelta: 0, leaderEpoch: -1, crc: 0, records: 1 }
  }
  return {
    baseOffset,
    lastOffsetDelta: Math.max(0, head.lastOffsetDelta),
    leaderEpoch: head.partitionLeaderEpoch,
    crc: head.crc,
    records: head.recordCount,
    bytes,
    isWhole,
  }
}

/** What the head of a batch says that has no offset yet: it gets one from the broker. */
export interface SentBatch {
  readonly lastOffsetDelta: number
  readonly crc: number
  readonly records: number
  readonly bytes: number
}

/** Copies what the head of a batch says that a producer sends; nothing of 64 bits, which would cost more than the rest. */
export function sentBatchOf(head: BatchHead): SentBatch {
  const { batchBytes: bytes } = head
  if (head.magic < NEWEST_MAGIC) return { lastOffsetDelta: 0, crc: 0, records: 1, bytes }
  return { lastOffsetDelta: Math.max(0, head.lastOffsetDelta), crc: head.crc, records: head.recordCount, bytes }
}

/** The offset of a batch's last record. */
export function lastOffsetOf({ baseOffset, lastOffsetDelta }: BatchFact): bigint {
  return baseOffset + BigInt(lastOffsetDelta)
}

/** The batches of a partition's records; what is none is left out. */
export function batchFactsOf(records: Buffer | null): BatchFact[] {
  const facts: BatchFact[] = []
  visitBatches(records, (head) => facts.push(batchFactOf(head)))
  return facts
}

/** Visits the batches of a partition's records; what is none is left out. */
export function visitBatches(records: Buffer | null, visit: (head: BatchHead) => void): void {
  if (records === null || records.length === 0) return
  const walk = new BatchWalk(visit, true)
  walk.reset(records.length)
  const reader = new Reader(records)
  while (walk.bytesLeft > 0) if (!walk.advance(reader)) return
}
