import type { Transaction } from '#kafkajs'
import { type ProducerScope, transactionSurface } from '../access/surface.ts'
import type { Client } from './client.ts'
import { createSender } from './sender.ts'

/** Creates the facade over one transaction of kafkajs. */
export function createTransaction(inner: Transaction, client: Client, scope: ProducerScope): Transaction {
  const { gate } = client
  return {
    ...createSender(inner, client, scope, transactionSurface, 'transaction'),
    async sendOffsets(offsets) {
      const copy = structuredClone(offsets)
      await gate.admit('transaction.sendOffsets', transactionSurface.sendOffsets(scope, copy))
      await inner.sendOffsets(copy)
    },
    async commit() {
      await gate.admit('transaction.commit', transactionSurface.commit(scope))
      await inner.commit()
    },
    abort: () => inner.abort(),
    isActive: () => inner.isActive(),
  }
}
