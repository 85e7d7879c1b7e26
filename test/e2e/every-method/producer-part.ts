import type { Kafka, Producer } from 'kafkajs'
import type { Lib } from './run-every-method.ts'
import type { Transcript } from './transcript.ts'

/** Sends in each way that a producer has; the partitions of keys are the same for both imports. */
export async function produce(lib: Lib, kafka: Kafka, out: Transcript): Promise<void> {
  const producer = out.watch(
    'producer',
    kafka.producer({ createPartitioner: lib.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false }),
  )
  await out.attempt('producer.isIdempotent', () => producer.isIdempotent())
  await out.attempt('producer.send, not connected', () => producer.send({ topic: 'books', messages: [{ value: 'x' }] }))
  await out.attempt('producer.connect', () => producer.connect())
  await send(lib, producer, out)
  await sendWrongly(producer, out)
  await out.attempt('producer.disconnect', () => producer.disconnect())
  await produceOnce(kafka, out)
}

async function send(lib: Lib, producer: Producer, out: Transcript): Promise<void> {
  const messages = Array.from({ length: 6 }, (_, index) => ({ key: `key-${index}`, value: `value ${index}` }))
  const sorted = (results: readonly { topicName: string; partition: number }[]): unknown =>
    [...results].sort((a, b) => `${a.topicName} ${a.partition}`.localeCompare(`${b.topicName} ${b.partition}`))
  await out.attempt('producer.send', async () => sorted(await producer.send({ topic: 'books', messages })))
  const rich = {
    key: Buffer.from('bytes'),
    value: Buffer.from([1, 2, 255]),
    headers: { one: 'a', many: ['b', Buffer.from('c')] },
    timestamp: '1700000000000',
    partition: 2,
  }
  await out.attempt('producer.send, rich', () =>
    producer.send({ topic: 'books', messages: [rich, { key: 'gone', value: null, partition: 2 }], acks: 1 }),
  )
  const compressed = [{ value: 'z'.repeat(500), partition: 0 }]
  await out.attempt('producer.send, gzip', () =>
    producer.send({ topic: 'books', messages: compressed, compression: lib.CompressionTypes.GZIP, timeout: 20_000 }),
  )
  await out.attempt('producer.send, no acknowledgement', () =>
    producer.send({ topic: 'films', messages: [{ value: 'unheard' }], acks: 0 }),
  )
  await out.attempt('producer.sendBatch', async () =>
    sorted(
      await producer.sendBatch({
        topicMessages: [
          { topic: 'books', messages: [{ value: 'batch a', partition: 1 }] },
          { topic: 'films', messages: [{ value: 'batch b' }] },
        ],
      }),
    ),
  )
}

async function sendWrongly(producer: Producer, out: Transcript): Promise<void> {
  const wrong = (value: unknown): Parameters<Producer['send']>[0] => value as never
  await out.attempt('producer.send, no topic', () => producer.send(wrong({ messages: [] })))
  await out.attempt('producer.send, no messages', () => producer.send(wrong({ topic: 'books' })))
  await out.attempt('producer.send, no such topic', () =>
    producer.send({ topic: 'missing', messages: [{ value: 'x' }] }),
  )
  await out.attempt('producer.on, no such event', () => producer.on('nothing' as never, () => {}))
  await out.attempt('producer.transaction, no id', () => producer.transaction())
}

/** The idempotent producer, and transactions. */
async function produceOnce(kafka: Kafka, out: Transcript): Promise<void> {
  const producer = out.watch(
    'producer',
    kafka.producer({ idempotent: true, transactionalId: 'tx-1', maxInFlightRequests: 1 }),
  )
  await out.attempt('producer.isIdempotent, idempotent', () => producer.isIdempotent())
  await producer.connect()
  const transaction = out.watch('transaction', await producer.transaction())
  await out.attempt('producer.transaction, while one is open', () => producer.transaction())
  await out.attempt('transaction.send', () =>
    transaction.send({ topic: 'films', messages: [{ value: 'committed' }], acks: -1 }),
  )
  await out.attempt('transaction.sendBatch', () =>
    transaction.sendBatch({ topicMessages: [{ topic: 'films', messages: [{ value: 'committed too' }] }] }),
  )
  await out.attempt('transaction.sendOffsets', () =>
    transaction.sendOffsets({
      consumerGroupId: 'transfers',
      topics: [{ topic: 'books', partitions: [{ partition: 0, offset: '1' }] }],
    }),
  )
  await out.attempt('transaction.isActive', () => transaction.isActive())
  await out.attempt('transaction.commit', () => transaction.commit())
  await out.attempt('transaction.isActive, committed', () => transaction.isActive())
  const second = out.watch('transaction', await producer.transaction())
  await second.send({ topic: 'films', messages: [{ value: 'aborted' }] })
  await out.attempt('transaction.abort', () => second.abort())
  await out.attempt('transaction.send, aborted', () => second.send({ topic: 'films', messages: [{ value: 'late' }] }))
  await producer.disconnect()
}
