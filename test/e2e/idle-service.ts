import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// A service that has sent a record and waits. It counts the timers that are planned for less than 10 ms ahead meanwhile, with the built
// client or, told where and how to connect, with kafkajs itself.
const WATCHED_MS = 1_000
const SHORT_MS = 10
const { setTimeout: plan } = globalThis
let short = 0
globalThis.setTimeout = Object.assign(
  (...[run, delayMs, ...args]: Parameters<typeof plan>) => {
    if (delayMs === undefined || !(delayMs >= SHORT_MS)) short += 1
    return plan(run, delayMs, ...args)
  },
  { __promisify__: plan.__promisify__ },
)

const warnings: string[] = []
process.on('warning', ({ name }) => void warnings.push(name))
const require = createRequire(import.meta.url)
const [, , broker, caPath = '', token] = process.argv
const { Kafka } = require(broker === undefined ? '@headgate/kafkajs' : 'kafkajs')
const sasl = { mechanism: 'plain', username: 'token', password: token }
const direct = broker !== undefined && { brokers: [broker], ssl: { ca: readFileSync(caPath) }, sasl }
const kafka = new Kafka({ clientId: 'orders', logLevel: 1, ...direct })
const producer = kafka.producer()
await producer.connect()
await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
const consumer = kafka.consumer({ groupId: 'orders-idle' })
await consumer.connect()
await consumer.subscribe({ topic: 'orders', fromBeginning: true })
const idle = new Promise<void>((resolve) => void consumer.on(consumer.events.END_BATCH_PROCESS, () => resolve()))
await consumer.run({ eachMessage: async () => {} })
await idle
short = 0
await new Promise((resolve) => void plan(resolve, WATCHED_MS))
const counted = short
await consumer.disconnect()
await producer.disconnect()
process.send?.({ counted, warnings })
