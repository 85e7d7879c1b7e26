import { beforeEach, expect, test } from 'vitest'
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from '#kafkajs'
import { Gate } from '../access/gate.ts'
import { createTestClient } from '../testing/client.ts'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import { createAdmin } from './admin.ts'

const plain = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }).admin()
const policy = policyOf(ordersPolicy)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const client = createTestClient(gate)

let asked: string[]
beforeEach(() => {
  asked = []
})
const names = ['orders', 'payments', 'catalog']
const members = [{ memberMetadata: Buffer.from('m'), memberAssignment: Buffer.from('a') }]

/** kafkajs's administrator, with answers of its own. */
const answers: Partial<Admin> = {
  listTopics: async () => names,
  fetchTopicMetadata: async () => ({ topics: names.map((name) => ({ name, partitions: [] })) }),
  listGroups: async () => ({
    groups: [
      { groupId: 'orders-1', protocolType: 'consumer' },
      { groupId: 'x', protocolType: 'consumer' },
    ],
  }),
  fetchOffsets: async ({ topics = names }) => topics.map((topic) => ({ topic, partitions: [] })),
  describeGroups: async () => ({ groups: [{ members }] }) as unknown as ReturnType<Admin['describeGroups']>,
}
const inner = Object.fromEntries(
  Object.entries(plain).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member]
    const answer = answers[name as keyof Admin] as ((...args: unknown[]) => unknown) | undefined
    const record = async (...args: unknown[]): Promise<unknown> => {
      asked.push(name)
      return answer?.(...args)
    }
    return [name, record]
  }),
) as unknown as Admin
const admin = createAdmin(inner, client)

test('the facade has the members of kafkajs, and no other', () => {
  expect(Object.keys(admin).sort()).toEqual(Object.keys(plain).sort())
})

const seek = [{ partition: 0, offset: '0' }]
const calls: [string, () => Promise<unknown>, number][] = [
  ['createTopics', () => admin.createTopics({ topics: [{ topic: 'orders' }] }), 29],
  ['createPartitions', () => admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 9 }] }), 29],
  ['deleteTopics', () => admin.deleteTopics({ topics: ['orders'] }), 29],
  ['deleteTopicRecords', () => admin.deleteTopicRecords({ topic: 'orders', partitions: seek }), 29],
  ['fetchTopicMetadata', () => admin.fetchTopicMetadata({ topics: ['orders', 'payments'] }), 29],
  ['fetchTopicOffsets', () => admin.fetchTopicOffsets('payments'), 29],
  ['fetchTopicOffsetsByTimestamp', () => admin.fetchTopicOffsetsByTimestamp('payments', 1), 29],
  ['fetchOffsets of a group', () => admin.fetchOffsets({ groupId: 'x' }), 30],
  ['fetchOffsets that writes', () => admin.fetchOffsets({ groupId: 'orders-1', resolveOffsets: true }), 29],
  ['setOffsets', () => admin.setOffsets({ groupId: 'orders-1', topic: 'payments', partitions: seek }), 29],
  ['resetOffsets', () => admin.resetOffsets({ groupId: 'x', topic: 'orders', earliest: true }), 30],
  ['describeGroups', () => admin.describeGroups(['orders-1', 'x']), 30],
  ['deleteGroups', () => admin.deleteGroups(['orders-1']), 30],
  [
    'describeConfigs of the cluster',
    () =>
      admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.BROKER, name: '1' }], includeSynonyms: false }),
    31,
  ],
  [
    'alterConfigs',
    () =>
      admin.alterConfigs({
        resources: [{ type: ConfigResourceTypes.TOPIC, name: 'orders', configEntries: [] }],
        validateOnly: false,
      }),
    29,
  ],
  ['createAcls', () => admin.createAcls({ acl: [] }), 31],
  ['deleteAcls', () => admin.deleteAcls({ filters: [] }), 31],
  ['describeAcls', () => admin.describeAcls({} as Parameters<Admin['describeAcls']>[0]), 31],
  ['alterPartitionReassignments', () => admin.alterPartitionReassignments({ topics: [] }), 31],
  ['listPartitionReassignments', () => admin.listPartitionReassignments({}), 31],
]

test.each(calls)(
  '%s is refused without its right, and nothing is sent [client-denies-first]',
  async (name, call, code) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED', cause: { code } })
    expect(asked.filter((method) => method === name)).toEqual([])
  },
)

test('lists are answered without what policy does not show', async () => {
  expect(await admin.listTopics()).toEqual(['orders', 'catalog'])
  expect((await admin.fetchTopicMetadata()).topics.map(({ name }) => name)).toEqual(['orders', 'catalog'])
  expect(await admin.listGroups()).toEqual({ groups: [{ groupId: 'orders-1', protocolType: 'consumer' }] })
  expect((await admin.fetchOffsets({ groupId: 'orders-1' })).map(({ topic }) => topic)).toEqual(['orders', 'catalog'])
})

test('what is described of a group has bytes of its own', async () => {
  const { groups } = await admin.describeGroups(['orders-1'])

  expect(groups[0]?.members[0]?.memberMetadata).toEqual(Buffer.from('m'))
  expect(groups[0]?.members[0]?.memberMetadata.buffer.byteLength).toBe(1)
})
