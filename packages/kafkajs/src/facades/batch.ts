import type { Batch, KafkaMessage } from '#kafkajs'

/**
 * Gives a handler its own batch: the declared members and no more, with records of its own.
 *
 * kafkajs's batch also carries what a reader must not see: aborted and control records, and records before the offset.
 *
 * @param messages what may be seen of its records, with bytes of their own
 */
export function createBatch(inner: Batch, messages: KafkaMessage[]): Batch {
  return {
    topic: inner.topic,
    partition: inner.partition,
    highWatermark: inner.highWatermark,
    messages,
    isEmpty: () => inner.isEmpty(),
    firstOffset: () => inner.firstOffset(),
    lastOffset: () => inner.lastOffset(),
    offsetLag: () => inner.offsetLag(),
    offsetLagLow: () => inner.offsetLagLow(),
  }
}
