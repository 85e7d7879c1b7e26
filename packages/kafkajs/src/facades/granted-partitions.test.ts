import { beforeEach, expect, test } from 'vitest'
import { type Assigner, AssignerProtocol, type Cluster, Kafka, logLevel } from '#kafkajs'
import { type ActivePolicy, Gate } from '../access/gate.ts'
import { createTestClient } from '../testing/client.ts'
import { policyOf } from '../testing/policy.ts'
import { createConsumer } from './consumer.ts'
import { GrantedPartitions } from './granted-partitions.ts'

const { MemberAssignment, MemberMetadata } = AssignerProtocol
const counts: Readonly<Record<string, number>> = { orders: 4, limited: 4 }
const cluster = {
  findTopicPartitionMetadata: (topic: string) =>
    Array.from({ length: counts[topic] ?? 0 }, (_, partitionId) => ({ partitionId })),
} as unknown as Cluster
const logger = new Kafka({ brokers: ['x:1'], logLevel: logLevel.NOTHING }).logger()

const grants = (partitions: string): ActivePolicy =>
  policyOf(`rules:
  - { id: whole, who: everyone, may: { consume: [orders], as: ["g-*"] } }
  - { id: part, who: everyone, may: { consume: [limited], partitions: [${partitions}] } }`)

let policy: ActivePolicy
let gate: Gate
let granted: GrantedPartitions
let assigner: Assigner
beforeEach(() => {
  policy = grants('1-2')
  gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
  granted = new GrantedPartitions(gate)
  assigner = granted.assigner({ cluster, groupId: 'g-1', logger })
})

const claimOf = (topics: string[]): unknown => {
  const userData = MemberMetadata.decode(assigner.protocol({ topics }).metadata)?.userData
  return userData?.length === 0 ? 'all' : MemberAssignment.decode(userData!)?.assignment
}

function member(memberId: string, topics: string[], claimed?: Record<string, number[]>) {
  const userData = claimed && MemberAssignment.encode({ version: 0, assignment: claimed, userData: Buffer.alloc(0) })
  const metadata = { version: 0, topics, userData: userData ?? Buffer.alloc(0) }
  return { memberId, memberMetadata: MemberMetadata.encode(metadata) }
}

async function deal(...members: ReturnType<typeof member>[]): Promise<Record<string, unknown>> {
  const dealt = await assigner.assign({ members, topics: [] })
  return Object.fromEntries(
    dealt.map(({ memberId, memberAssignment }) => [memberId, MemberAssignment.decode(memberAssignment)?.assignment]),
  )
}

test('a member claims the granted partitions of topics that it may read in part', () => {
  expect(claimOf(['orders', 'limited'])).toEqual({ limited: [1, 2] })
  expect(claimOf(['orders'])).toBe('all')
})

test('each partition goes to one who may read it, evenly, and to nobody where nobody may', async () => {
  const topics = ['orders', 'limited']
  const dealt = await deal(
    member('a', topics, { limited: [1, 2] }),
    member('b', topics, { limited: [2] }),
    member('c', ['orders']),
  )

  expect(dealt).toEqual({
    a: { limited: [1], orders: [1] },
    b: { limited: [2], orders: [2] },
    c: { orders: [0, 3] },
  })
})

test('a member without a claim takes what others may not', async () => {
  expect(await deal(member('a', ['limited'], { limited: [0] }), member('b', ['limited']))).toEqual({
    a: { limited: [0] },
    b: { limited: [1, 2, 3] },
  })
})

test('a member that may read nothing is dealt nothing', async () => {
  expect(await deal(member('a', ['limited'], { limited: [] }))).toEqual({ a: {} })
})

test('it is out of date once other partitions are granted', () => {
  expect(granted.isOutOfDate).toBe(false)
  claimOf(['orders', 'limited'])
  policy = grants('1,2')
  expect(granted.isOutOfDate).toBe(false)
  policy = grants('0-2')
  expect(granted.isOutOfDate).toBe(true)
})

test('a consumer may subscribe, seek and commit in part, and not beyond', async () => {
  const plain = new Kafka({ brokers: ['x:1'], logLevel: logLevel.NOTHING }).consumer({ groupId: 'g-1' })
  const calls: unknown[] = []
  const inner = {
    ...plain,
    subscribe: async () => void calls.push('subscribe'),
    seek: () => void calls.push('seek'),
    commitOffsets: async () => void calls.push('commit'),
  }
  const consumer = createConsumer(() => inner, createTestClient(gate), 'g-1', granted)
  await consumer.subscribe({ topics: ['limited', 'orders'] })
  consumer.seek({ topic: 'limited', partition: 1, offset: '0' })
  await consumer.commitOffsets([{ topic: 'limited', partition: 2, offset: '1' }])

  expect(calls).toEqual(['subscribe', 'seek', 'commit'])
  const denied = { code: 'ERR_KAFKAJS_DENIED' }
  expect(() => consumer.seek({ topic: 'limited', partition: 0, offset: '0' })).toThrow(expect.objectContaining(denied))
  await expect(consumer.commitOffsets([{ topic: 'limited', partition: 3, offset: '1' }])).rejects.toMatchObject(denied)
  await expect(consumer.subscribe({ topics: ['other'] })).rejects.toMatchObject(denied)
})
