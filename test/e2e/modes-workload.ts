import { randomUUID } from 'node:crypto'
import type { Admin, Consumer, Producer } from 'kafkajs'
import type { ClientConnection } from '../clients/connection.ts'
import { consoleConsume, consoleProduce } from '../clients/java.ts'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import type { World } from '../world/start-world.ts'

/** The services of the workload, and somebody who may read what was seen. */
export const SERVICES = ['orders', 'billing', 'ledger', 'platform', 'enrich'] as const
/** Who asks for drafts. */
export const AUDITOR = 'security'

/** The topics that are there before the workload runs. */
export const TOPICS = [
  { topic: 'shop.orders', partitions: 3 },
  { topic: 'shop.ledger', partitions: 1 },
  { topic: 'shop.enriched', partitions: 1 },
  { topic: 'shop.secret', partitions: 1 },
  { topic: 'cards', partitions: 1 },
]

const WAIT_MS = 30_000

/** How Java's tools sign in. */
function javaConnection(world: World, clientId: string): ClientConnection {
  const sasl = { mechanism: 'PLAIN' as const, username: clientId, password: world.secretOf(clientId) }
  return { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
}

/** Runs all five services to their end; each sees what the ones before it wrote in this run. */
export async function runWorkload(world: World): Promise<void> {
  const run = randomUUID()
  await administer(world)
  await produceOrders(world, run)
  await bill(world, run)
  await keepLedger(world, run)
  await enrich(world, run)
}

/** An idempotent producer: the wrapped client. */
async function produceOrders(world: World, run: string): Promise<void> {
  const producer = headgateKafka(world, 'orders').producer({ idempotent: true })
  await connected(producer, async () => {
    const messages = [1, 2, 3].map((number) => ({ key: `${run}-${number}`, value: JSON.stringify({ run, number }) }))
    await producer.send({ topic: 'shop.orders', messages })
  })
}

/** A consumer group. */
async function bill(world: World, run: string): Promise<void> {
  const consumer = plainKafka(world, 'billing').consumer({ groupId: 'billing' })
  await connected(consumer, async () => {
    await consumer.subscribe({ topics: ['shop.orders'], fromBeginning: true })
    await consumed(consumer, 3, run, async () => {})
  })
}

/** Reads, and writes what it read with its offsets in one transaction. */
async function keepLedger(world: World, run: string): Promise<void> {
  const kafka = plainKafka(world, 'ledger')
  const consumer = kafka.consumer({ groupId: 'ledger', readUncommitted: false })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: 'ledger-tx' })
  await connected(producer, () =>
    connected(consumer, async () => {
      await consumer.subscribe({ topics: ['shop.orders'], fromBeginning: true })
      await consumed(consumer, 3, run, async ({ topic, partition, offset, value }) => {
        const transaction = await producer.transaction()
        await transaction.send({ topic: 'shop.ledger', messages: [{ value }] })
        const offsets = [{ partition, offset: String(BigInt(offset) + 1n) }]
        await transaction.sendOffsets({ consumerGroupId: 'ledger', topics: [{ topic, partitions: offsets }] })
        await transaction.commit()
      })
    }),
  )
}

/** Creates a topic, looks at its configuration, enlarges it, and removes it. */
async function administer(world: World): Promise<void> {
  const admin = plainKafka(world, 'platform').admin()
  await connected(admin, async () => {
    await admin.createTopics({ topics: [{ topic: 'shop.reports', numPartitions: 1 }], waitForLeaders: true })
    await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: 'shop.reports' }] })
    await admin.createPartitions({ topicPartitions: [{ topic: 'shop.reports', count: 2 }] })
    await admin.listTopics()
    await admin.deleteTopics({ topics: ['shop.reports'] })
  })
}

/** Java: reads in a group, and writes what it made of it. */
async function enrich(world: World, run: string): Promise<void> {
  const connection = javaConnection(world, 'enrich')
  const options = { group: 'enrich', maxMessages: 3, properties: { 'isolation.level': 'read_committed' } }
  const read = await consoleConsume(connection, 'shop.ledger', options)
  const lines = read.stdout.split('\n').filter((line) => line.includes(run))
  if (lines.length !== 3) throw new Error(`enrich read ${lines.length} of 3: ${read.stderr}`)
  const written = await consoleProduce(connection, 'shop.enriched', lines)
  if (written.code !== 0) throw new Error(`enrich could not write: ${written.stderr}`)
}

/** A record as a service sees it. */
interface Seen {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly value: string
}

/** Runs a consumer until it has handled `count` records of a run. */
async function consumed(
  consumer: Consumer,
  count: number,
  run: string,
  handle: (seen: Seen) => Promise<void>,
): Promise<void> {
  let handled = 0
  await new Promise<void>((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`${handled} of ${count} records came`)), WAIT_MS)
    consumer.on('consumer.crash', ({ payload }) => payload.restart || reject(payload.error))
    consumer
      .run({
        eachMessage: async ({ topic, partition, message }) => {
          const value = String(message.value)
          if (!value.includes(run)) return
          await handle({ topic, partition, offset: message.offset, value })
          handled += 1
          if (handled < count) return
          clearTimeout(deadline)
          resolve()
        },
      })
      .catch(reject)
  })
}

/** Connects a client for as long as the work takes. */
export async function connected<T>(
  client: Pick<Producer | Consumer | Admin, 'connect' | 'disconnect'>,
  work: () => Promise<T>,
): Promise<T> {
  await client.connect()
  try {
    return await work()
  } finally {
    await client.disconnect()
  }
}
