import type { Consumer, EachBatchPayload, EachMessagePayload, Kafka } from 'kafkajs'
import { until } from '../../kafka/until.ts'
import type { Transcript } from './transcript.ts'

/** Ten of books, and four of films that were not aborted. */
const RECORDS = 14

const place = (record: { topic: string; partition: number; message: { offset: string } }): string =>
  `${record.topic}/${record.partition}/${record.message.offset.padStart(4, '0')}`

/** Reads record by record, and goes through what a running consumer can be told. */
export async function consumeMessages(kafka: Kafka, out: Transcript): Promise<void> {
  const consumer = out.watch(
    'consumer',
    kafka.consumer({ groupId: 'readers', allowAutoTopicCreation: false, maxWaitTimeInMs: 200 }),
  )
  await out.attempt('consumer.connect', () => consumer.connect())
  await out.attempt('consumer.subscribe', () => consumer.subscribe({ topics: ['books'], fromBeginning: true }))
  await out.attempt('consumer.subscribe, expression', () => consumer.subscribe({ topic: /^fil/, fromBeginning: true }))
  await out.attempt('consumer.subscribe, nothing', () => consumer.subscribe({} as never))
  await out.attempt('consumer.subscribe, no list', () => consumer.subscribe({ topics: 'books' as never }))
  await out.attempt('consumer.subscribe, no name', () => consumer.subscribe({ topics: [7 as never] }))
  const seen = new Map<string, EachMessagePayload>()
  let paused = false
  await out.attempt('consumer.run', () =>
    consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 2,
      eachMessage: async (given) => {
        const payload = out.watch('payload', given)
        if (!paused) {
          paused = true
          await payload.heartbeat()
          payload.pause()()
        }
        seen.set(place(payload), payload)
      },
    }),
  )
  await until('every record is read', () => seen.size >= RECORDS)
  await out.attempt('consumer.subscribe, running', () => consumer.subscribe({ topics: ['books'] }))
  for (const [name, { message }] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1))) out.say(`record ${name}`, message)
  await steer(consumer, seen, out)
  await out.attempt('consumer.describeGroup', () => consumer.describeGroup())
  await out.attempt('consumer.stop', () => consumer.stop())
  await out.attempt('consumer.disconnect', () => consumer.disconnect())
}

async function steer(consumer: Consumer, seen: Map<string, unknown>, out: Transcript): Promise<void> {
  await out.attempt('consumer.pause', () =>
    consumer.pause([{ topic: 'books', partitions: [0, 1] }, { topic: 'films' }]),
  )
  await out.attempt('consumer.paused', () => consumer.paused())
  await out.attempt('consumer.resume', () => consumer.resume([{ topic: 'books' }, { topic: 'films', partitions: [0] }]))
  await out.attempt('consumer.paused, resumed', () => consumer.paused())
  await out.attempt('consumer.pause, no topic', () => consumer.pause([{} as never]))
  seen.clear()
  await out.attempt('consumer.seek', () => consumer.seek({ topic: 'books', partition: 2, offset: '0' }))
  await until(
    'a partition is read again',
    () => [...seen.keys()].filter((name) => name.startsWith('books/2/')).length > 1,
  )
  await out.attempt('consumer.seek, wrong', () => consumer.seek({ topic: 'books', partition: 2, offset: 'x' }))
  await out.attempt('consumer.commitOffsets', () =>
    consumer.commitOffsets([
      { topic: 'books', partition: 0, offset: '3' },
      { topic: 'books', partition: 1, offset: '1', metadata: 'note' },
    ]),
  )
  await out.attempt('consumer.commitOffsets, wrong', () =>
    consumer.commitOffsets([{ topic: 'books', partition: 1, offset: 'x' }]),
  )
}

/** Reads by batches, with everything that their handler is given. */
export async function consumeBatches(kafka: Kafka, out: Transcript): Promise<void> {
  const consumer = out.watch('consumer', kafka.consumer({ groupId: 'batch-readers', maxWaitTimeInMs: 200 }))
  await consumer.connect()
  await consumer.subscribe({ topic: 'films', fromBeginning: true })
  const seen: EachBatchPayload['batch'][] = []
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async (given) => {
      const payload = out.watch('payload', given)
      const batch = out.watch('batch', payload.batch)
      for (const { offset } of batch.messages) payload.resolveOffset(offset)
      await payload.heartbeat()
      const before = payload.uncommittedOffsets()
      await payload.commitOffsetsIfNecessary(before)
      payload.pause()()
      if (seen.push(batch) > 1) return
      out.say('payload.uncommittedOffsets', before)
      out.say('payload.isRunning, isStale', [payload.isRunning(), payload.isStale()])
    },
  })
  await until('the batches are read', () => seen.flatMap(({ messages }) => messages).length >= 4)
  out.say(
    'batch',
    seen.map((batch) => ({
      ...batch,
      isEmpty: batch.isEmpty(),
      firstOffset: batch.firstOffset(),
      lastOffset: batch.lastOffset(),
      offsetLag: batch.offsetLag(),
      offsetLagLow: batch.offsetLagLow(),
      messages: batch.messages.map(({ value, offset }) => [`${value}`, offset]),
    })),
  )
  await consumer.disconnect()
}
