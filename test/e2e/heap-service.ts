import { writeHeapSnapshot } from 'node:v8'
import { Kafka } from '@headgate/kafkajs'

// A service as its developer would write it, configured by its environment alone; then everything it knows, in a file.
const producer = new Kafka({ clientId: 'orders' }).producer()
await producer.connect()
await producer.send({ topic: 'orders', messages: [{ value: 'from the service' }] })
writeHeapSnapshot(process.argv[2])
await producer.disconnect()
