import type { Admin } from 'kafkajs'
import { until } from '../../kafka/until.ts'
import type { Lib } from './run-every-method.ts'
import type { Transcript } from './transcript.ts'

const byName = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => (a.name < b.name ? -1 : 1))

/** Makes the topics, and looks at them. */
export async function administerTopics(lib: Lib, admin: Admin, out: Transcript): Promise<void> {
  const { TOPIC } = lib.ConfigResourceTypes
  await out.attempt('admin.connect', () => admin.connect())
  const topics = [
    { topic: 'books', numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '3600000' }] },
    { topic: 'films', numPartitions: 1 },
  ]
  await out.attempt('admin.createTopics', () => admin.createTopics({ topics, waitForLeaders: true }))
  await out.attempt('admin.createTopics, again', () => admin.createTopics({ topics }))
  await out.attempt('admin.createTopics, twice the same', () =>
    admin.createTopics({ topics: [{ topic: 'x' }, { topic: 'x' }] }),
  )
  const topicPartitions = [{ topic: 'books', count: 3 }]
  await out.attempt('admin.createPartitions', () => admin.createPartitions({ topicPartitions }))
  await out.attempt('admin.createPartitions, fewer', () =>
    admin.createPartitions({ topicPartitions: [{ topic: 'books', count: 1 }] }),
  )
  await untilPartitions(admin, 'books', 3)
  await out.attempt('admin.fetchTopicMetadata', async () => {
    const metadata = await admin.fetchTopicMetadata({ topics: ['books', 'films'] })
    return byName(metadata.topics).map((topic) => ({
      ...topic,
      partitions: [...topic.partitions].sort((a, b) => a.partitionId - b.partitionId),
    }))
  })
  await out.attempt('admin.fetchTopicMetadata, missing', () => admin.fetchTopicMetadata({ topics: ['missing'] }))
  await out.attempt('admin.describeCluster', () => admin.describeCluster())
  const resources = [{ type: TOPIC, name: 'books', configNames: ['retention.ms'] }]
  const describe = (): Promise<unknown> => admin.describeConfigs({ resources, includeSynonyms: true })
  await out.attempt('admin.describeConfigs', describe)
  await out.attempt('admin.alterConfigs', () =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: TOPIC, name: 'books', configEntries: [{ name: 'retention.ms', value: '7200000' }] }],
    }),
  )
  await until('the setting is in force', async () => JSON.stringify(await describe()).includes('7200000'))
  await out.attempt('admin.describeConfigs, altered', describe)
  await out.attempt('admin.describeConfigs, without resources', () =>
    admin.describeConfigs({ resources: [], includeSynonyms: false }),
  )
}

/** Offsets and groups, after they were used. */
export async function administerGroups(admin: Admin, out: Transcript): Promise<void> {
  const sorted = (items: readonly { readonly partition: number }[]): unknown =>
    [...items].sort((a, b) => a.partition - b.partition)
  await out.attempt('admin.fetchTopicOffsets', async () => sorted(await admin.fetchTopicOffsets('books')))
  await out.attempt('admin.fetchTopicOffsetsByTimestamp', async () =>
    sorted(await admin.fetchTopicOffsetsByTimestamp('books', 0)),
  )
  await out.attempt('admin.fetchTopicOffsetsByTimestamp, later', async () =>
    sorted(await admin.fetchTopicOffsetsByTimestamp('books', Date.now() + 3_600_000)),
  )
  await out.attempt('admin.listGroups', async () =>
    (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort(),
  )
  const groupId = 'readers'
  const offsets = async (more: object = {}): Promise<unknown> => {
    const found = await admin.fetchOffsets({ groupId, topics: ['books'], ...more })
    return found.map(({ topic, partitions }) => ({ topic, partitions: sorted(partitions) }))
  }
  await out.attempt('admin.fetchOffsets', () => offsets())
  await out.attempt('admin.setOffsets', () =>
    admin.setOffsets({ groupId, topic: 'books', partitions: [{ partition: 0, offset: '1' }] }),
  )
  await out.attempt('admin.fetchOffsets, set', () => offsets())
  await out.attempt('admin.resetOffsets', () => admin.resetOffsets({ groupId, topic: 'books', earliest: true }))
  await out.attempt('admin.fetchOffsets, reset', () => offsets())
  await out.attempt('admin.fetchOffsets, resolved', () => offsets({ resolveOffsets: true }))
  await out.attempt('admin.describeGroups', () => admin.describeGroups([groupId, 'missing']))
}

/** Takes away all that was made. */
export async function administerTheEnd(lib: Lib, admin: Admin, out: Transcript): Promise<void> {
  await out.attempt('admin.listTopics', async () => (await admin.listTopics()).sort())
  await out.attempt('admin.deleteTopicRecords', () =>
    admin.deleteTopicRecords({ topic: 'films', partitions: [{ partition: 0, offset: '1' }] }),
  )
  await out.attempt('admin.deleteTopicRecords, beyond the end', () =>
    admin.deleteTopicRecords({ topic: 'films', partitions: [{ partition: 0, offset: '1000' }] }),
  )
  await out.attempt('admin.deleteGroups', async () =>
    [...(await admin.deleteGroups(['readers', 'batch-readers', 'transfers']))].sort((a, b) =>
      a.groupId < b.groupId ? -1 : 1,
    ),
  )
  await out.attempt('admin.deleteGroups, missing', () => admin.deleteGroups(['missing']))
  await administerBrokers(lib, admin, out)
  await out.attempt('admin.deleteTopics', () => admin.deleteTopics({ topics: ['books', 'films'] }))
  await out.attempt('admin.disconnect', () => admin.disconnect())
}

/** What concerns the rules and the layout of the brokers themselves. */
async function administerBrokers(lib: Lib, admin: Admin, out: Transcript): Promise<void> {
  const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = lib
  const acl = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: 'books',
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:nobody',
    host: '*',
    operation: AclOperationTypes.READ,
    permissionType: AclPermissionTypes.ALLOW,
  }
  const rules = (): Promise<unknown> => admin.describeAcls(acl)
  await out.attempt('admin.describeAcls, none', rules)
  await out.attempt('admin.createAcls', () => admin.createAcls({ acl: [acl] }))
  await untilFound(admin, acl)
  await out.attempt('admin.describeAcls', rules)
  await out.attempt('admin.createAcls, impossible', () => admin.createAcls({ acl: [{ ...acl, resourceName: '' }] }))
  await out.attempt('admin.deleteAcls', () => admin.deleteAcls({ filters: [acl] }))
  await out.attempt('admin.deleteAcls, again', () => admin.deleteAcls({ filters: [acl] }))
  const move = (topic: string, replicas: number[]): (() => Promise<unknown>) => {
    const topics = [{ topic, partitionAssignment: [{ partition: 0, replicas }] }]
    return () => admin.alterPartitionReassignments({ topics })
  }
  await out.attempt('admin.alterPartitionReassignments', move('films', [0]))
  await out.attempt('admin.alterPartitionReassignments, no such broker', move('films', [9]))
  await out.attempt('admin.alterPartitionReassignments, missing', move('missing', [0]))
  await out.attempt('admin.listPartitionReassignments', () => admin.listPartitionReassignments({}))
  await out.attempt('admin.listPartitionReassignments, of a topic', () =>
    admin.listPartitionReassignments({ topics: [{ topic: 'films', partitions: [0] }] }),
  )
}

/** What the controller has made, a broker knows a moment later. */
async function untilPartitions(admin: Admin, topic: string, count: number): Promise<void> {
  await until('the partitions are there', async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.length === count
  })
}

async function untilFound(admin: Admin, acl: Parameters<Admin['describeAcls']>[0]): Promise<void> {
  await until('the access rule is in force', async () => (await admin.describeAcls(acl)).resources.length > 0)
}
