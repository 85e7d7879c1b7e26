import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  ConfigResourceTypes,
  type Kafka,
  ResourcePatternTypes,
} from 'kafkajs'
import type { User } from '../rights.ts'

/** What a program that uses kafkajs does; what it gives, or the error that it throws, is compared. */
export interface KafkajsRow {
  readonly name: string
  /** `restricted` by default. */
  readonly as?: User
  readonly run: (kafka: Kafka) => Promise<unknown>
}

const CRASH_TIMEOUT_MS = 10_000

const adminRow = (name: string, run: (admin: Admin) => Promise<unknown>, as: User = 'restricted'): KafkajsRow => ({
  name: `kafkajs admin: ${name}`,
  as,
  run: async (kafka) => {
    const admin = kafka.admin()
    await admin.connect()
    return await run(admin).finally(() => admin.disconnect())
  },
})

const messages = (count: number): { key: string; value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `key-${index}`, value: `value-${index}` }))

type Producer = ReturnType<Kafka['producer']>
type ProducerConfig = Parameters<Kafka['producer']>[0]

const producerRow = (
  name: string,
  config: ProducerConfig,
  run: (producer: Producer) => Promise<unknown>,
): KafkajsRow => ({
  name: `kafkajs producer: ${name}`,
  run: async (kafka) => {
    const producer = kafka.producer({ allowAutoTopicCreation: false, ...config })
    try {
      await producer.connect()
      return await run(producer)
    } finally {
      await producer.disconnect()
    }
  },
})

const transactional = (transactionalId: string): ProducerConfig => ({
  transactionalId,
  idempotent: true,
  maxInFlightRequests: 1,
})

const topicOffsets = [{ topic: 'allowed', partitions: [{ partition: 0, offset: '3' }] }]

/** Brokers answer in any order. */
async function written(producer: Producer, topic: string, count: number): Promise<unknown> {
  const results = await producer.send({ topic, messages: messages(count) })
  return results.toSorted((one, other) => one.partition - other.partition)
}

const producerRows: readonly KafkajsRow[] = [
  producerRow('allowed', {}, (producer) => written(producer, 'allowed', 9)),
  producerRow('idempotent', { idempotent: true }, (producer) => written(producer, 'allowed', 3)),
  producerRow('denied', {}, (producer) => producer.send({ topic: 'foreign', messages: messages(1) })),
  producerRow('read only', {}, (producer) => producer.send({ topic: 'readable', messages: messages(1) })),
  producerRow('does not exist', {}, (producer) => producer.send({ topic: 'missing', messages: messages(1) })),
  producerRow('mixed', {}, (producer) =>
    producer.sendBatch({ topicMessages: ['allowed', 'foreign'].map((topic) => ({ topic, messages: messages(2) })) }),
  ),
  producerRow('transactions', transactional('tx-kafkajs'), async (producer) => {
    const committed = await producer.transaction()
    await committed.send({ topic: 'allowed', messages: messages(2) })
    await committed.sendOffsets({ consumerGroupId: 'own-kafkajs-tx', topics: topicOffsets })
    await committed.commit()
    const aborted = await producer.transaction()
    await aborted.send({ topic: 'allowed', messages: messages(2) })
    await aborted.abort()
    return 'ended'
  }),
  producerRow('transaction with a denied group', transactional('tx-kafkajs-group'), async (producer) => {
    const transaction = await producer.transaction()
    await transaction
      .sendOffsets({ consumerGroupId: 'foreign-group', topics: topicOffsets })
      .finally(() => transaction.abort())
  }),
  producerRow('transaction with a denied topic', transactional('tx-kafkajs-topic'), async (producer) => {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'foreign', messages: messages(1) }).finally(() => transaction.abort())
  }),
  producerRow('denied transactional id', transactional('foreign-tx'), async (producer) => {
    await producer.transaction()
  }),
]

/** Subscribes and reads until `count` records came, or until the consumer gives up. */
async function consume(kafka: Kafka, groupId: string, topics: (string | RegExp)[], count: number): Promise<unknown> {
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    return await new Promise((resolve, reject) => {
      const seen: string[] = []
      const timer = setTimeout(() => reject(new Error('nothing came')), CRASH_TIMEOUT_MS)
      const settle = (end: () => void): void => {
        clearTimeout(timer)
        end()
      }
      consumer.on(consumer.events.CRASH, ({ payload }) => settle(() => reject(payload.error)))
      const eachMessage = async ({ topic, partition, message }: Delivery): Promise<void> => {
        seen.push(`${topic} ${partition} ${message.offset} ${message.value}`)
        if (seen.length === count) settle(() => resolve(seen.toSorted()))
      }
      consumer.run({ autoCommit: false, eachMessage }).catch((error) => settle(() => reject(error)))
    })
  } finally {
    await consumer.disconnect()
  }
}

interface Delivery {
  readonly topic: string
  readonly partition: number
  readonly message: { readonly offset: string; readonly value: Buffer | null }
}

const consumerRow = (name: string, groupId: string, topics: (string | RegExp)[], count = 1): KafkajsRow => ({
  name: `kafkajs consumer: ${name}`,
  run: (kafka) => consume(kafka, groupId, topics, count),
})

const consumerRows: readonly KafkajsRow[] = [
  consumerRow('allowed', 'own-kafkajs-read', ['readable']),
  consumerRow('by a pattern', 'own-kafkajs-pattern', [/^read/]),
  consumerRow('a denied topic', 'own-kafkajs-denied', ['foreign']),
  consumerRow('allowed and denied', 'own-kafkajs-mixed', ['readable', 'foreign']),
  consumerRow('a topic to be described only', 'own-kafkajs-described', ['described']),
  consumerRow('a denied group', 'foreign-group', ['readable']),
  consumerRow('a group to be seen only', 'seen', ['readable']),
]

const adminRows: readonly KafkajsRow[] = [
  adminRow('topics', async (admin) => (await admin.listTopics()).toSorted()),
  adminRow('topics, for nobody', (admin) => admin.listTopics(), 'nobody'),
  adminRow('metadata', (admin) => admin.fetchTopicMetadata({ topics: ['allowed', 'readable'] })),
  adminRow('metadata of a denied topic', (admin) => admin.fetchTopicMetadata({ topics: ['allowed', 'foreign'] })),
  adminRow('metadata of a missing topic', (admin) => admin.fetchTopicMetadata({ topics: ['missing'] })),
  adminRow('cluster', (admin) => admin.describeCluster()),
  adminRow('offsets of a topic', (admin) => admin.fetchTopicOffsets('allowed')),
  adminRow('offsets of a denied topic', (admin) => admin.fetchTopicOffsets('foreign')),
  adminRow('offsets of a group', (admin) => admin.fetchOffsets({ groupId: 'own-offsets', topics: ['allowed'] })),
  adminRow('all offsets of a group', (admin) => admin.fetchOffsets({ groupId: 'own-offsets' })),
  adminRow('offsets of a denied group', (admin) =>
    admin.fetchOffsets({ groupId: 'foreign-group', topics: ['allowed'] }),
  ),
  adminRow('offsets set', (admin) =>
    admin.setOffsets({ groupId: 'own-kafkajs-set', topic: 'allowed', partitions: [{ partition: 0, offset: '5' }] }),
  ),
  adminRow('offsets set for a denied topic', (admin) =>
    admin.setOffsets({ groupId: 'own-kafkajs-set', topic: 'foreign', partitions: [{ partition: 0, offset: '5' }] }),
  ),
  adminRow('group described', async (admin) => {
    const { groups } = await admin.describeGroups(['own-offsets', 'foreign-group'])
    return groups.map(({ groupId, state }) => ({ groupId, state }))
  }),
  adminRow('groups deleted', (admin) => admin.deleteGroups(['foreign-group'])),
  adminRow('topic created', (admin) => admin.createTopics({ topics: [{ topic: 'new.kafkajs', numPartitions: 2 }] })),
  adminRow('topic not created', (admin) => admin.createTopics({ topics: [{ topic: 'missing', numPartitions: 2 }] })),
  adminRow('topic not deleted', (admin) => admin.deleteTopics({ topics: ['foreign'] })),
  adminRow('partitions not created', (admin) =>
    admin.createPartitions({ topicPartitions: [{ topic: 'foreign', count: 9 }] }),
  ),
  adminRow('records not deleted', (admin) =>
    admin.deleteTopicRecords({ topic: 'allowed', partitions: [{ partition: 0, offset: '1' }] }),
  ),
  adminRow('configs', (admin) => describeConfigs(admin, 'configs')),
  adminRow('configs denied', (admin) => describeConfigs(admin, 'foreign')),
  adminRow('configs not altered', (admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: TOPIC, name: 'foreign', configEntries: [{ name: 'retention.ms', value: '1' }] }],
    }),
  ),
  adminRow('access rules', (admin) => admin.describeAcls(ANY_ACL)),
  adminRow(
    'access rules, of somebody',
    (admin) => admin.describeAcls({ ...ANY_ACL, principal: 'User:absent' }),
    'operator',
  ),
  adminRow('access rules created', (admin) => admin.createAcls({ acl: [RULE] })),
  adminRow('access rules created, by an operator', (admin) => admin.createAcls({ acl: [RULE] }), 'operator'),
  adminRow('access rules deleted', (admin) => admin.deleteAcls({ filters: [RULE] })),
  adminRow('partitions moved', (admin) => admin.alterPartitionReassignments({ topics: moved('moved') })),
  adminRow(
    'partitions moved, by a mover',
    (admin) => admin.alterPartitionReassignments({ topics: moved('moved') }),
    'mover',
  ),
  adminRow(
    'partitions moved without a right on the topic',
    (admin) => admin.alterPartitionReassignments({ topics: moved('foreign') }),
    'mover',
  ),
  adminRow('partitions on the move', (admin) => admin.listPartitionReassignments({})),
  adminRow('partitions on the move, for a mover', (admin) => admin.listPartitionReassignments({}), 'mover'),
]

const RULE = {
  resourceType: AclResourceTypes.TOPIC,
  resourceName: 'kafkajs',
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: 'User:ruled',
  host: '*',
  operation: AclOperationTypes.READ,
  permissionType: AclPermissionTypes.ALLOW,
}

function moved(topic: string): { topic: string; partitionAssignment: { partition: number; replicas: number[] }[] }[] {
  return [{ topic, partitionAssignment: [{ partition: 0, replicas: [0] }] }]
}

const TOPIC = ConfigResourceTypes.TOPIC
const ANY_ACL = {
  resourceType: AclResourceTypes.ANY,
  resourcePatternType: ResourcePatternTypes.ANY,
  operation: AclOperationTypes.ANY,
  permissionType: AclPermissionTypes.ANY,
}

function describeConfigs(admin: Admin, name: string): Promise<unknown> {
  const resources = [{ type: TOPIC, name, configNames: ['retention.ms', 'cleanup.policy'] }]
  return admin.describeConfigs({ includeSynonyms: false, resources })
}

/** A program of kafkajs' three clients. */
export const kafkajsRows: readonly KafkajsRow[] = [...producerRows, ...consumerRows, ...adminRows]
