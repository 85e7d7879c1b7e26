import type { Kafka } from 'kafkajs'
import { until } from '../kafka/until.ts'

/** A kafkajs consumer in a group. */
export interface Member {
  /** Values as they came. */
  readonly seen: string[]
  /** How often the group has given it partitions. */
  joins(): number
  /** What made it give up, where something did. */
  crash(): Error | undefined
  stop(): Promise<void>
}

/** Values by which records are told apart. */
export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

/** Writes records with keys that go to every partition of three. */
export async function produceAll(kafka: Kafka, topic: string, values: readonly string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic, messages: values.map((value, index) => ({ key: `${index}`, value })) })
  } finally {
    await producer.disconnect()
  }
}

/** Joins a group and reads from the beginning. */
export async function joinGroup(kafka: Kafka, topic: string, groupId: string): Promise<Member> {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 500 })
  const seen: string[] = []
  let joins = 0
  let crash: Error | undefined
  consumer.on(consumer.events.GROUP_JOIN, () => {
    joins += 1
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    crash = payload.error
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) })
  return { seen, joins: () => joins, crash: () => crash, stop: () => consumer.disconnect() }
}

/** Waits until a group is stable with so many members, as its own principal sees it. */
export async function untilMembers(kafka: Kafka, groupId: string, count: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await until(`${count} members of ${groupId}`, async () => {
    const { groups } = await admin.describeGroups([groupId])
    return groups[0]?.state === 'Stable' && groups[0].members.length === count
  }).finally(() => admin.disconnect())
}

/** Waits until a group has committed so many records of a topic. */
export async function untilCommitted(kafka: Kafka, groupId: string, topic: string, count: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await until(`${count} records committed by ${groupId}`, async () => {
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
    const offsets = committed?.partitions.map(({ offset }) => Math.max(0, Number(offset))) ?? []
    return offsets.reduce((sum, offset) => sum + offset, 0) >= count
  }).finally(() => admin.disconnect())
}

/** The lines that a program wrote. */
export function linesOf({ stdout }: { readonly stdout: string }): string[] {
  return stdout.split('\n').filter((line) => line !== '')
}

/** Runs something, and tells how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const startedAt = performance.now()
  const result = await work()
  return { result, ms: performance.now() - startedAt }
}
