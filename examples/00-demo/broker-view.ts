import type { World } from '@headgate/test/world'
import { Kafka, logLevel } from 'kafkajs'
import { readValues } from './plain-client.ts'

/** What the brokers hold, seen by their administrator and past the gateway. */
export interface BrokerView {
  /** How many records a topic has. */
  countRecords(topic: string): Promise<number>
  /** The values of the first records of a topic, as Kafka holds them. */
  readValues(topic: string, count: number): Promise<string[]>
  close(): Promise<void>
}

/** Opens a connection to the brokers themselves, with the administrator's password. */
export async function openBrokerView({ kafka: { scramBootstrap, adminCredential } }: World): Promise<BrokerView> {
  const sasl = { mechanism: 'scram-sha-512' as const, ...adminCredential }
  const brokers = scramBootstrap.split(',')
  const kafka = new Kafka({ clientId: 'demo-administrator', brokers, sasl, logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  return {
    countRecords: async (topic) => {
      const partitions = await admin.fetchTopicOffsets(topic)
      return partitions.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
    },
    readValues: (topic, count) => readValues(kafka, topic, 'demo-administrator', count),
    close: () => admin.disconnect(),
  }
}

/** Whether the brokers tell anything to a client without a password. */
export async function answersWithoutPassword({ kafka: { scramBootstrap } }: World): Promise<boolean> {
  const brokers = scramBootstrap.split(',')
  const admin = new Kafka({ clientId: 'nobody', brokers, retry: { retries: 0 }, logLevel: logLevel.NOTHING }).admin()
  try {
    await admin.connect()
    await admin.listTopics()
    return true
  } catch {
    return false
  } finally {
    await admin.disconnect()
  }
}
