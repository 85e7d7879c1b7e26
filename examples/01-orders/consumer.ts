import type { Kafka } from 'kafkajs'
import type { Order } from './service.ts'
import { ordersGroup, ordersTopic } from './topics.ts'

/** Reads orders from the beginning until each wanted one was seen; gives them in the order of arrival. */
export async function readOrders(kafka: Kafka, wantedIds: readonly string[]): Promise<Order[]> {
  const consumer = kafka.consumer({ groupId: ordersGroup })
  const missing = new Set(wantedIds)
  const orders: Order[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [ordersTopic], fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error))
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
        const order: Order = JSON.parse(`${message.value}`)
        if (missing.delete(order.id)) orders.push(order)
        if (missing.size === 0) resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return orders
}
