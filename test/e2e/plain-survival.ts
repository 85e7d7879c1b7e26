import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import type { ClientConnection } from '../clients/connection.ts'
import { consoleConsume, runTool } from '../clients/java.ts'
import { until } from '../kafka/until.ts'
import { joinGroup, linesOf } from './plain-members.ts'

/** Longer than two tokens live. */
const SURVIVED_SECONDS = 45
const TICK_MS = 250

/** What was written, and how much of it was read, across the ends of several tokens. */
export interface Survival {
  readonly written: number
  readonly read: number
}

/** Writes record after record until more than two tokens have ended. */
export async function tick(kafka: Kafka, topic: string): Promise<number> {
  const producer = kafka.producer()
  await producer.connect()
  let written = 0
  for (const endsAt = performance.now() + SURVIVED_SECONDS * 1_000; performance.now() < endsAt; ) {
    await producer.send({ topic, messages: [{ value: `tick-${written}` }] })
    written += 1
    await sleep(TICK_MS)
  }
  await producer.disconnect()
  return written
}

/** One producer and one consumer of kafkajs. */
export async function surviveKafkajs(kafka: Kafka, topic: string, groupId: string): Promise<Survival> {
  const reader = await joinGroup(kafka, topic, groupId)
  const written = await tick(kafka, topic)
  await until('the last record', () => reader.crash() !== undefined || new Set(reader.seen).size >= written)
  await reader.stop()
  return { written, read: new Set(reader.seen).size }
}

/** A producer of Kafka's Java tools for each connection, and a consumer that reads what all of them write. */
export async function surviveJava(
  producers: readonly ClientConnection[],
  consumer: ClientConnection,
  topic: string,
): Promise<Survival> {
  const each = Math.ceil((SURVIVED_SECONDS * 1_000) / TICK_MS)
  const written = each * producers.length
  const reading = consoleConsume(consumer, topic, {
    group: 'shop-long-java',
    maxMessages: written,
    idleMs: 30_000,
    timeoutMs: 100_000,
  })
  await Promise.all(producers.map((connection) => produceSlowly(connection, topic, each)))
  return { written, read: linesOf(await reading).length }
}

async function produceSlowly(connection: ClientConnection, topic: string, count: number): Promise<void> {
  const args = (config: string): string[] => [
    ...['--topic', topic, '--num-records', String(count), '--record-size', '20'],
    ...['--throughput', String(1_000 / TICK_MS), '--command-config', config],
  ]
  const tool = 'org.apache.kafka.tools.ProducerPerformance'
  const { stdout, stderr } = await runTool(tool, connection, args, { timeoutMs: 100_000 })
  if (stderr.includes('Exception')) throw new Error(`ProducerPerformance: ${stderr.slice(0, 500)}`)
  if (!stdout.includes(`${count} records sent`)) throw new Error(`ProducerPerformance: ${stdout.slice(-500)}`)
}
