import type { EachBatchHandler, EachMessageHandler } from '#kafkajs'
import { type ConsumerScope, deliverySurface, payloadSurface } from '../access/surface.ts'
import { createBatch } from './batch.ts'
import type { Client } from './client.ts'
import { copyIncoming } from './messages.ts'

/** Wraps a handler of single records: each is decided on, copied and traced before the application sees it. */
export function guardEachMessage(application: EachMessageHandler, { gate, tracing }: Client): EachMessageHandler {
  return async (inner) => {
    const asks = deliverySurface.eachMessage(inner)
    await gate.admit('consumer.eachMessage', asks)
    const { topic, partition, heartbeat, pause } = inner
    const payload = { topic, partition, message: copyIncoming(inner.message), heartbeat, pause }
    if (!tracing.isOn) return application(payload)
    return tracing.processMessage(payload, asks, async () => application(payload))
  }
}

/** Wraps a handler of batches: each is decided on, copied and traced before the application sees it. */
export function guardEachBatch(
  application: EachBatchHandler,
  { gate, tracing }: Client,
  scope: ConsumerScope,
): EachBatchHandler {
  return async (inner) => {
    const asks = deliverySurface.eachBatch(inner.batch)
    await gate.admit('consumer.eachBatch', asks)
    const { resolveOffset, heartbeat, pause, uncommittedOffsets, isRunning, isStale } = inner
    const batch = createBatch(inner.batch)
    const payload = {
      batch,
      resolveOffset,
      heartbeat,
      pause,
      uncommittedOffsets,
      isRunning,
      isStale,
      async commitOffsetsIfNecessary(...given: Parameters<typeof inner.commitOffsetsIfNecessary>) {
        const [offsets] = structuredClone(given)
        const commit = payloadSurface.commitOffsetsIfNecessary(scope, offsets)
        await gate.admit('consumer.commitOffsetsIfNecessary', commit)
        await inner.commitOffsetsIfNecessary(offsets)
      },
    }
    if (!tracing.isOn) return application(payload)
    return tracing.processBatch(batch, asks, async () => application(payload))
  }
}
