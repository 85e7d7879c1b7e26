import type { Kafka } from 'kafkajs'
import { readOrders } from './consumer.ts'
import { writeElsewhere } from './denied.ts'
import { createOrders, produceOrders } from './service.ts'
import { foreignTopic, ordersTopic } from './topics.ts'

// The same three functions, whichever client connects them.
async function connectBy(name: string | undefined): Promise<Kafka> {
  if (name === 'headgate') return (await import('./connect-headgate.ts')).connect()
  if (name === 'kafkajs') return (await import('./connect-kafkajs.ts')).connect()
  throw new Error('say which client: `node main.ts headgate` or `node main.ts kafkajs`')
}

const kafka = await connectBy(process.argv[2])
const orders = createOrders(10, Date.now().toString(36))
await produceOrders(kafka, orders)
console.log(`wrote ${orders.length} orders to ${ordersTopic}`)
const ids = orders.map(({ id }) => id)
console.log(`read ${(await readOrders(kafka, ids)).length} orders from ${ordersTopic}`)
const refusal = await writeElsewhere(kafka)
console.log(
  refusal === undefined
    ? `wrote to ${foreignTopic}, and nobody minded`
    : `may not write to ${foreignTopic}: ${refusal.type}: ${refusal.message}`,
)
