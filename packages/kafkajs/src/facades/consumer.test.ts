import { beforeEach, expect, test } from 'vitest'
import {
  type Consumer,
  type ConsumerRunConfig,
  type EachBatchPayload,
  type EachMessagePayload,
  Kafka,
  logLevel,
} from '#kafkajs'
import { type ActivePolicy, Gate } from '../access/gate.ts'
import { createTestClient } from '../testing/client.ts'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import { createConsumer } from './consumer.ts'
import { GrantedPartitions } from './granted-partitions.ts'

const plain = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }).consumer({ groupId: 'orders-1' })

let policy: ActivePolicy
let calls: [string, unknown][]
let config: ConsumerRunConfig
beforeEach(() => {
  policy = policyOf(ordersPolicy)
  calls = []
})

const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const client = createTestClient(gate)

const cluster = ['orders', 'orders.eu', 'payments', 'orders', 'audit-log']

/** kafkajs's consumer, recorded at the calls that would need a cluster. */
const inner: Consumer = {
  ...plain,
  subscribe: async (given) => {
    const topics = 'topics' in given ? given.topics : []
    const names = topics.flatMap((it) => (it instanceof RegExp ? cluster.filter((name) => it.test(name)) : it))
    calls.push(['subscribe', names])
  },
  run: async (given) => {
    config = given ?? {}
  },
  commitOffsets: async (given) => void calls.push(['commitOffsets', given]),
  seek: (given) => void calls.push(['seek', given]),
}
const create = (groupId = 'orders-1'): Consumer =>
  createConsumer(() => inner, client, groupId, new GrantedPartitions(gate))
const denied = expect.objectContaining({ code: 'ERR_KAFKAJS_DENIED' })

const response = Buffer.from('neighbour|value')
const message = { key: null, value: response.subarray(10), headers: {}, timestamp: '1', attributes: 0, offset: '7' }

test('the facade has the members of kafkajs, and no other', () => {
  expect(Object.keys(create()).sort()).toEqual(Object.keys(plain).sort())
})

test('a topic or a group out of scope is refused before anything is asked of the cluster [client-denies-first]', async () => {
  await expect(create().subscribe({ topics: ['orders', 'payments'] })).rejects.toMatchObject({ cause: { code: 29 } })
  await expect(create('others').subscribe({ topic: 'orders' })).rejects.toMatchObject({ cause: { code: 30 } })
  expect(calls).toEqual([])
})

test('an expression matches only what policy allows, whatever its flags, and the topics are asked for again', async () => {
  const consumer = create()
  await consumer.subscribe({ topics: [/^(orders|pay)/g] })

  expect(calls).toEqual([['subscribe', ['orders', 'orders.eu', 'orders']]])
  policy = policyOf('rules: [{ id: r, who: everyone, may: { consume: [orders], as: [orders-1] } }]')
  await expect(consumer.run({})).rejects.toMatchObject({ denial: { resourceName: 'orders.eu' } })
})

test('a handler is given copies, and nothing more once the right is gone', async () => {
  const seen: EachMessagePayload[] = []
  await create().run({ eachMessage: async (payload) => void seen.push(payload) })
  const given = { topic: 'orders', partition: 0, message, heartbeat: async () => {}, pause: () => () => {} }
  await config.eachMessage?.({ ...given, secret: 'cluster' } as EachMessagePayload)

  expect(Object.keys(seen[0] ?? {}).sort()).toEqual(['heartbeat', 'message', 'partition', 'pause', 'topic'])
  expect(seen[0]?.message.value?.buffer.byteLength).toBe(5)
  policy = policyOf('rules: []')
  await expect(config.eachMessage?.(given)).rejects.toThrow(denied)
  expect(seen.length).toBe(1)
})

test('offsets of topics out of scope are not committed from a batch', async () => {
  const committed: unknown[] = []
  const batch = { topic: 'orders', partition: 0, highWatermark: '9', messages: [message] }
  const given = { batch, commitOffsetsIfNecessary: async (offsets: unknown) => void committed.push(offsets) }
  let payload: EachBatchPayload | undefined
  await create().run({
    eachBatch: async (it) => {
      payload = it
    },
  })
  await config.eachBatch?.(given as unknown as EachBatchPayload)
  const offsets = (topic: string): { topics: { topic: string; partitions: [] }[] } => ({
    topics: [{ topic, partitions: [] }],
  })

  await payload?.commitOffsetsIfNecessary()
  await payload?.commitOffsetsIfNecessary(offsets('orders'))
  await expect(payload?.commitOffsetsIfNecessary(offsets('payments'))).rejects.toThrow(denied)
  expect(committed).toEqual([undefined, offsets('orders')])
})

test('seek and commit are decided on', async () => {
  const consumer = create()
  consumer.seek({ topic: 'orders', partition: 0, offset: '1' })
  await consumer.commitOffsets([{ topic: 'orders', partition: 0, offset: '2' }])

  expect(() => consumer.seek({ topic: 'payments', partition: 0, offset: '1' })).toThrow(denied)
  await expect(consumer.commitOffsets([{ topic: 'payments', partition: 0, offset: '2' }])).rejects.toThrow(denied)
  expect(calls.map(([name]) => name)).toEqual(['seek', 'commitOffsets'])
})
