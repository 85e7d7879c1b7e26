// Sends one record and reads it in both ways, with whatever `Kafka` it is given. It prints what telemetry and caller saw.
const { once, EventEmitter } = require('node:events')

async function read(kafka, groupId, runConfig) {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200 })
  const seen = new EventEmitter()
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  const arrived = once(seen, 'record')
  await consumer.run(runConfig((record) => seen.emit('record', record)))
  const [{ key, value, headers }] = await arrived
  await consumer.disconnect()
  return { key: `${key}`, value: `${value}`, headers: Object.keys(headers) }
}

exports.traffic = async (Kafka, more) => {
  const kafka = new Kafka({ clientId: 'orders', logLevel: 1 })
  const message = Object.freeze({ key: 'key-in-clear', value: 'value-in-clear', headers: Object.freeze({ own: 'one' }) })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [message] })
  await producer.disconnect()
  const each = await read(kafka, 'orders-each', (tell) => ({ eachMessage: async ({ message }) => tell(message) }))
  const batch = await read(kafka, 'orders-batch', (tell) => ({
    eachBatch: async ({ batch }) => tell(batch.messages[0]),
  }))
  console.log(JSON.stringify({ each, batch, ...more, ...(await globalThis.telemetry()) }))
}
