import { expect, test } from 'vitest'
import { type Admin, type Consumer, Kafka, logLevel, type Producer } from '#kafkajs'
import { adminSurface, consumerSurface, producerSurface } from './surface.ts'

const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })

function methodsOf(object: Producer | Consumer | Admin): string[] {
  return Object.entries(object)
    .filter(([, member]) => typeof member === 'function')
    .map(([name]) => name)
    .sort()
}

test.each([
  ['producer', kafka.producer(), producerSurface],
  ['consumer', kafka.consumer({ groupId: 'g' }), consumerSurface],
  ['admin', kafka.admin(), adminSurface],
])('the table of the %s has a row for each method that kafkajs really has, and no other', (_, object, surface) => {
  expect(Object.keys(surface).sort()).toEqual(methodsOf(object))
})

test('a send asks for the whole topic unless each message names its partition', () => {
  const scope = { isIdempotent: false, transactionalId: undefined }
  const messages = [
    { value: 'a', partition: 2 },
    { value: 'b', partition: 2 },
  ]
  const [ask] = producerSurface.send(scope, { topic: 't', messages })
  const [open] = producerSurface.send(scope, { topic: 't', messages: [...messages, { value: 'c' }] })

  expect(ask?.partitions?.()).toEqual([2])
  expect(open?.partitions?.()).toBeUndefined()
})

test('what is no list asks nothing, because kafkajs refuses it itself', async () => {
  expect(adminSurface.deleteTopics(undefined, { topics: 'payments' as unknown as string[] })).toEqual([])
  await expect(kafka.admin().deleteTopics({ topics: 'payments' as unknown as string[] })).rejects.toThrow(
    'Invalid topics',
  )
})
