// A service as it was written for kafkajs, brokers and credentials in the code; the import alone was changed.
import { Kafka, logLevel } from '@headgate/kafkajs'
import type { Consumer, EachMessagePayload, KafkaConfig, Kafka as PlainKafka } from 'kafkajs'

const [, , topic = 'orders'] = process.argv
const fail = (error: unknown): void => {
  console.log(`failed: ${(error as { code?: string }).code}: ${(error as Error).message}`)
  process.exitCode = 1
}
process.once('uncaughtException', fail)

const config: KafkaConfig = {
  clientId: 'orders',
  brokers: ['kafka-1.example:9092'],
  ssl: true,
  sasl: { mechanism: 'scram-sha-512', username: 'root', password: 'root' },
  logLevel: logLevel.WARN,
}
// What is typed by kafkajs elsewhere in the service goes on compiling.
const kafka: PlainKafka = new Kafka(config)

const producer = kafka.producer()
const consumer: Consumer = kafka.consumer({ groupId: 'orders' })
try {
  await producer.connect()
  await producer.send({ topic, messages: [{ key: 'c-7', value: 'one order' }] })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    // What kafkajs begins again is no end: a coordinator that a new Kafka has not made yet, for one.
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error)
    })
    const eachMessage = async ({ message }: EachMessagePayload): Promise<void> => {
      console.log(`read: ${message.value}`)
      resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
} catch (error) {
  fail(error)
} finally {
  await Promise.allSettled([consumer.disconnect(), producer.disconnect()])
}
