import { Kafka } from 'kafkajs'

/** Connects to brokers with the credential that reads and writes everything, as services do without Headgate. */
export function connect(): Kafka {
  const brokers = (process.env['KAFKA_BROKERS'] ?? 'localhost:9092').split(',')
  const { KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = process.env
  if (username === undefined || password === undefined) return new Kafka({ clientId: 'orders', brokers })
  return new Kafka({ clientId: 'orders', brokers, sasl: { mechanism: 'scram-sha-512', username, password } })
}
