import type { Kafka } from 'kafkajs'
import { foreignTopic } from './topics.ts'

/** How a refused write looks to the code that tried it. */
export interface Refusal {
  /** Kafka's own name of the refusal, such as TOPIC_AUTHORIZATION_FAILED. */
  readonly type: string
  readonly message: string
}

interface KafkaError extends Error {
  readonly type?: string
}

/** Tries to write to a topic of others; gives the refusal, or nothing when the write was allowed. */
export async function writeElsewhere(kafka: Kafka): Promise<Refusal | undefined> {
  const producer = kafka.producer({ retry: { retries: 2 } })
  await producer.connect()
  try {
    await producer.send({ topic: foreignTopic, messages: [{ value: 'not ours to write' }] })
    return undefined
  } catch (error) {
    // A handler for a broker's refusal: kafkajs puts it into `cause`.
    const { message, cause } = error as KafkaError
    return { type: (cause as KafkaError | undefined)?.type ?? 'unknown', message }
  } finally {
    await producer.disconnect()
  }
}
