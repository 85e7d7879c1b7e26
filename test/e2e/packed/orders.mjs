import { Kafka } from '@headgate/kafkajs'
import plain from 'kafkajs'
import { traffic } from './traffic.cjs'

await traffic(Kafka, { isPlainPatched: plain.Kafka.prototype.producer.__wrapped === true })
