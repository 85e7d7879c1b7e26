// The example's service as a process of its own. It does what it is told over the channel to its parent, with the functions
// of examples/01-orders and the connection that its HEADGATE_* variables describe.
import { writeHeapSnapshot } from 'node:v8'
import { connect } from '@headgate/example-orders/connect-headgate.ts'
import { readOrders } from '@headgate/example-orders/consumer.ts'
import { writeElsewhere } from '@headgate/example-orders/denied.ts'
import { createOrders, produceOrders } from '@headgate/example-orders/service.ts'
import { ordersTopic } from '@headgate/example-orders/topics.ts'
import { describeRefusal } from './refusal.ts'

const kafka = connect()
const openProducer = kafka.producer({ retry: { retries: 2 } })
let runs = 0

const actions = {
  /** Writes orders, reads them back, and gives how many came. */
  writeAndRead: async (count: number) => {
    runs += 1
    const orders = createOrders(count, `run-${runs}`)
    await produceOrders(kafka, orders)
    const read = await readOrders(
      kafka,
      orders.map(({ id }) => id),
    )
    return { written: orders.length, read: read.length }
  },
  /** Tries a topic of others. */
  writeElsewhere: async () => (await writeElsewhere(kafka)) ?? null,
  /** Connects one producer and leaves it connected. */
  openProducer: async () => openProducer.connect(),
  /** Writes one order on the connection that is open; gives Kafka's name of the refusal, or nothing. */
  writeOnOpenConnection: async () => {
    try {
      await openProducer.send({ topic: ordersTopic, messages: [{ value: JSON.stringify(createOrders(1, 'live')[0]) }] })
      return null
    } catch (error) {
      return describeRefusal(error)
    }
  },
  environment: async () => ({ ...process.env }),
  /** Writes everything that this process has in memory into a file. */
  writeHeap: async (path: string) => void writeHeapSnapshot(path),
  end: async () => {
    await openProducer.disconnect()
    process.disconnect()
  },
}

/** What the service can be told to do. */
export type ServiceActions = typeof actions

interface Request {
  readonly action: keyof ServiceActions
  readonly argument: never
}

process.on('message', async ({ action, argument }: Request) => {
  try {
    const result: unknown = await actions[action](argument)
    if (process.connected) process.send?.({ result })
  } catch (error) {
    process.send?.({ failure: error instanceof Error ? error.message : String(error) })
  }
})
// Ctrl-C reaches every process of a terminal; this one ends when its parent says so, or is gone.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
process.send?.({ result: 'ready' })
