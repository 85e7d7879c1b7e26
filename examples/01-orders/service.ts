import type { Kafka } from 'kafkajs'
import { ordersTopic } from './topics.ts'

/** One order as the service writes it. */
export interface Order {
  readonly id: string
  readonly customer: string
  readonly cents: number
}

/** Makes orders to write. */
export function createOrders(count: number, run: string): Order[] {
  return Array.from({ length: count }, (_, n) => ({ id: `${run}-${n}`, customer: `c-${n % 3}`, cents: 100 + n }))
}

/** Writes orders, all of them in one call. */
export async function produceOrders(kafka: Kafka, orders: readonly Order[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    const messages = orders.map((order) => ({ key: order.customer, value: JSON.stringify(order) }))
    await producer.send({ topic: ordersTopic, messages })
  } finally {
    await producer.disconnect()
  }
}
