import type { Producer } from '#kafkajs'
import { type ProducerScope, producerSurface } from '../access/surface.ts'
import { type Client, createLifecycle } from './client.ts'
import { createSender } from './sender.ts'
import { createTransaction } from './transaction.ts'

/** Creates the facade over a producer of kafkajs. */
export function createProducer(inner: Producer, client: Client, scope: ProducerScope): Producer {
  const { gate } = client
  return {
    ...createLifecycle(inner, client, () => gate.admit('producer.connect', producerSurface.connect(scope))),
    ...createSender(inner, client, scope, producerSurface, 'producer'),
    async transaction() {
      await gate.admit('producer.transaction', producerSurface.transaction(scope))
      return createTransaction(await inner.transaction(), client, scope)
    },
    isIdempotent: inner.isIdempotent,
    events: inner.events,
    on: inner.on,
    logger: inner.logger,
  }
}
