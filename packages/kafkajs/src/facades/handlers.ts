import type { EachBatchHandler, EachBatchPayload, EachMessageHandler } from '#kafkajs'
import { type ConsumerScope, deliverySurface, payloadSurface } from '../access/surface.ts'
import { createBatch } from './batch.ts'
import type { Client } from './client.ts'
import { RecordReader, readDelivery } from './delivery.ts'
import { type MessageBatch, MessageDelivery } from './message-batch.ts'

/** A handler of single records that our copy of kafkajs hands a whole batch to. */
export type GuardedMessageHandler = EachMessageHandler & {
  readonly takeBatch: (batch: MessageBatch) => Promise<void>
}

/** Wraps a handler of single records: each is decided on, masked, copied and traced before the application sees it. */
export function guardEachMessage(application: EachMessageHandler, client: Client): GuardedMessageHandler {
  const { gate, tracing, metering } = client
  const handle: EachMessageHandler = async (inner) => {
    const admission = await gate.admit('consumer.eachMessage', deliverySurface.eachMessage(inner))
    const { topic, partition, heartbeat, pause } = inner
    const reader = new RecordReader(client, admission, { topic, partition })
    const { message, tally } = reader.read(inner.message)
    // Withheld: as good as handled, so that kafkajs goes on to the next record.
    if (message === undefined) return
    const payload = { topic, partition, message, heartbeat, pause }
    const run = metering.isOn
      ? () => metering.process(topic, partition, 1, async () => application(payload))
      : async () => application(payload)
    const work = { ...reader.work, ...(tally !== undefined && { tally }) }
    return tracing.isOn ? tracing.processMessage(payload, work, run) : run()
  }
  const takeBatch = (batch: MessageBatch): Promise<void> =>
    new MessageDelivery(application, handle, client, batch).deliver()
  return Object.assign(handle, { takeBatch })
}

/** Wraps a handler of batches: each is decided on, masked, copied and traced before the application sees it. */
export function guardEachBatch(application: EachBatchHandler, client: Client, scope: ConsumerScope): EachBatchHandler {
  const { gate, tracing, metering } = client
  return async (inner) => {
    const admission = await gate.admit('consumer.eachBatch', deliverySurface.eachBatch(inner.batch))
    const { messages, work, resolvedWith } = readDelivery(client, admission, inner.batch)
    const lastGiven = inner.batch.messages.at(-1)
    if (messages.length === 0 && lastGiven !== undefined) {
      // Nobody else would resolve what nobody sees.
      inner.resolveOffset(lastGiven.offset)
      return
    }
    const { heartbeat, pause, uncommittedOffsets, isRunning, isStale } = inner
    const payload: EachBatchPayload = {
      batch: createBatch(inner.batch, [...messages]),
      resolveOffset: (offset) => inner.resolveOffset(resolvedWith.get(`${offset}`) ?? offset),
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
    const { topic, partition } = payload.batch
    const handle = (): Promise<void> => application(payload)
    const run = metering.isOn ? () => metering.process(topic, partition, messages.length, handle) : handle
    return tracing.isOn ? tracing.processBatch(payload.batch, work, run) : run()
  }
}
