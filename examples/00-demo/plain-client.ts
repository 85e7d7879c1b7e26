import type { World } from '@headgate/test/world'
import { signInPerson } from '@headgate/testkit'
import { type Consumer, Kafka, type KafkaConfig, logLevel } from 'kafkajs'

/** Plain kafkajs, without Headgate's wrapper, that signs in to the gateway with a service's id and secret. */
export function plainKafka(world: World, clientId: string): Kafka {
  return kafka(world, clientId, { mechanism: 'plain', username: clientId, password: world.secretOf(clientId) })
}

/** Plain kafkajs that signs in as a person, with the token that the identity provider gave her. */
export async function kafkaOf(world: World, account: string): Promise<Kafka> {
  const token = await signInPerson(world.identity, account)
  return kafka(world, `${account}-laptop`, {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({ value: token }),
  })
}

function kafka(world: World, clientId: string, sasl: KafkaConfig['sasl']): Kafka {
  return new Kafka({
    clientId,
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    ...(sasl === undefined ? {} : { sasl }),
    retry: { retries: 2 },
    logLevel: logLevel.NOTHING,
  })
}

/** Writes records and waits until they are acknowledged. */
export async function writeValues(client: Kafka, topic: string, values: readonly string[]): Promise<void> {
  const producer = client.producer()
  await producer.connect()
  try {
    await producer.send({ topic, messages: values.map((value) => ({ value })) })
  } finally {
    await producer.disconnect()
  }
}

/** A consumer that reads on until it is closed, and what it has read. */
export interface Reading {
  /** The values, by their offsets. */
  readonly values: ReadonlyMap<number, string>
  /** Why it ended by itself; `undefined` while it reads. */
  readonly failure: () => Error | undefined
  close(): Promise<void>
}

/** Reads a topic from its beginning, as a member of a group. */
export async function startReading(client: Kafka, topic: string, groupId: string): Promise<Reading> {
  const consumer: Consumer = client.consumer({ groupId, retry: { retries: 0 } })
  const values = new Map<number, string>()
  let failure: Error | undefined
  consumer.on('consumer.crash', ({ payload }) => {
    failure = payload.error
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.set(Number(message.offset), String(message.value))
    },
  })
  return { values, failure: () => failure, close: () => consumer.disconnect() }
}

/** Reads this many records of a topic from its beginning. */
export async function readValues(client: Kafka, topic: string, groupId: string, count: number): Promise<string[]> {
  const reading = await startReading(client, topic, groupId)
  try {
    await until(() => reading.values.size >= count || reading.failure() !== undefined)
    const failure = reading.failure()
    if (failure !== undefined) throw failure
    return [...reading.values.values()]
  } finally {
    await reading.close()
  }
}

const PATIENCE_MS = 20_000

/** Waits until something is so, or the demo's patience is at its end. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return true
}
