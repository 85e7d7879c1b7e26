import type { Batch, KafkaMessage } from '#kafkajs'
import { copyIncoming } from './messages.ts'

/**
 * Gives a handler its own batch: the declared members and no more, with records of its own.
 *
 * kafkajs's batch also carries what a reader must not see: aborted and control records, and records before the offset.
 *
 * @param messages what may be seen of its records
 */
export function createBatch(inner: Batch, messages: readonly KafkaMessage[] = inner.messages): Batch {
  return {
    topic: inner.topic,
    partition: inner.partition,
    highWatermark: inner.highWatermark,
    messages: messages.map(copyIncoming),
    isEmpty: () => inner.isEmpty(),
    firstOffset: () => inner.firstOffset(),
    lastOffset: () => inner.lastOffset(),
    offsetLag: () => inner.offsetLag(),
    offsetLagLow: () => inner.offsetLagLow(),
  }
}
