const plain = require('kafkajs')
const { Kafka } = require('@headgate/kafkajs')
const { traffic } = require('./traffic.cjs')

traffic(Kafka, { isPlainPatched: plain.Kafka.prototype.producer.__wrapped === true })
