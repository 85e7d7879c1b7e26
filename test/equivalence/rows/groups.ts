import {
  encodeAssignment,
  encodeSubscription,
  type JoinGroupResponse,
  type SyncGroupResponse,
  ZERO_UUID,
} from '@headgate/wire'
import type { RawClient } from '../../clients/raw-client.ts'
import type { Prepared, Row } from '../row.ts'

const [OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP] = [
  8, 9, 10, 11, 12, 13, 14,
]
const [DESCRIBE_GROUPS, LIST_GROUPS, DELETE_GROUPS, OFFSET_DELETE] = [15, 16, 42, 47]
const [CONSUMER_GROUP_HEARTBEAT, CONSUMER_GROUP_DESCRIBE] = [68, 69]
const FIRST_OFFSET_FETCH_WITH_GROUPS = 8
const FIRST_FIND_WITH_LIST = 4
const FIRST_LEAVE_WITH_MEMBERS = 3
const FIRST_SYNC_WITH_PROTOCOL = 5
const JOIN_VERSION = 5
const [GROUP, TRANSACTION, SHARE] = [0, 1, 2]

type Partitions = Readonly<Record<string, readonly number[]>>

const MIXED: Partitions = {
  allowed: [0, 2, 99],
  writable: [0],
  described: [0],
  foreign: [0],
  missing: [0],
  'granted-missing': [0],
  'team.secret': [0],
}

function committed(partitions: Partitions): object[] {
  return Object.entries(partitions).map(([name, indexes]) => ({
    name,
    topicId: ZERO_UUID,
    partitions: indexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 1n,
      committedLeaderEpoch: -1,
      committedMetadata: 'here',
    })),
  }))
}

const commitRow = (name: string, groupId: string, partitions: Partitions): Row => ({
  name,
  apiKey: OFFSET_COMMIT,
  body: () => ({ groupId, topics: committed(partitions) }),
})

function asked(partitions: Partitions | null): object[] | null {
  if (partitions === null) return null
  return Object.entries(partitions).map(([name, partitionIndexes]) => ({ name, topicId: ZERO_UUID, partitionIndexes }))
}

const offsetFetchRow = (name: string, groupIds: readonly string[], partitions: Partitions | null, min = 1): Row => ({
  name,
  apiKey: OFFSET_FETCH,
  versions: { min },
  body: ({ version }) =>
    version < FIRST_OFFSET_FETCH_WITH_GROUPS
      ? { groupId: groupIds[0] ?? '', topics: asked(partitions) }
      : {
          topics: [],
          groups: groupIds.map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: asked(partitions) })),
        },
})

const offsetRows: readonly Row[] = [
  commitRow('offset commit: allowed', 'own-offsets', { allowed: [0, 1], readable: [0] }),
  commitRow('offset commit: mixed', 'own-offsets', MIXED),
  commitRow('offset commit: topics denied', 'own-offsets', { foreign: [0], writable: [0] }),
  commitRow('offset commit: group denied', 'foreign-group', MIXED),
  commitRow('offset commit: group seen only', 'seen', { allowed: [0] }),
  { ...commitRow('offset commit: nobody', 'own-offsets', { allowed: [0] }), as: 'nobody' },
  offsetFetchRow('offset fetch: mixed', ['own-offsets'], MIXED),
  offsetFetchRow('offset fetch: all topics', ['own-offsets'], null, 2),
  offsetFetchRow('offset fetch: seen', ['seen'], { allowed: [0], foreign: [0] }),
  offsetFetchRow('offset fetch: denied', ['foreign-group'], MIXED),
  offsetFetchRow('offset fetch: several groups', ['own-offsets', 'foreign-group', 'seen', 'own-none'], MIXED, 8),
  offsetFetchRow('offset fetch: all topics of several groups', ['own-offsets', 'foreign-group'], null, 8),
  {
    name: 'offset delete: mixed',
    apiKey: OFFSET_DELETE,
    body: () => ({
      groupId: 'old-offsets',
      topics: ['allowed', 'foreign', 'missing', 'readable'].map((name) => ({
        name,
        partitions: [{ partitionIndex: 0 }],
      })),
    }),
  },
  {
    name: 'offset delete: group denied',
    apiKey: OFFSET_DELETE,
    body: () => ({ groupId: 'own-offsets', topics: [{ name: 'allowed', partitions: [{ partitionIndex: 0 }] }] }),
  },
]

const coordinatorRow = (name: string, keys: readonly string[], keyType: number, min = 0): Row => ({
  name,
  apiKey: FIND_COORDINATOR,
  versions: { min },
  body: ({ version }) =>
    version < FIRST_FIND_WITH_LIST ? { key: keys[0] ?? '', keyType } : { coordinatorKeys: keys, keyType },
})

const coordinatorRows: readonly Row[] = [
  coordinatorRow('find coordinator: own group', ['own-x'], GROUP),
  coordinatorRow('find coordinator: foreign group', ['foreign-group'], GROUP),
  coordinatorRow('find coordinator: several groups', ['own-x', 'foreign-group', 'seen'], GROUP, FIRST_FIND_WITH_LIST),
  coordinatorRow('find coordinator: own transactional id', ['tx-x'], TRANSACTION, 1),
  coordinatorRow('find coordinator: foreign transactional id', ['foreign-tx'], TRANSACTION, 1),
  coordinatorRow(
    'find coordinator: several transactional ids',
    ['tx-x', 'foreign-tx', 'seen-tx'],
    TRANSACTION,
    FIRST_FIND_WITH_LIST,
  ),
  coordinatorRow('find coordinator: share', ['own-x:AAAAAAAAAAAAAAAAAAAAAA:0'], SHARE, 6),
]

function joinBody(groupId: string, topics: readonly string[], memberId = ''): object {
  const subscription = { topics: [...topics], userData: null, ownedPartitions: [], generationId: -1, rackId: null }
  return {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 10_000,
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: encodeSubscription(subscription, 1) }],
  }
}

/** Joins as the only member: asks for an id, then comes with it. */
async function join(client: RawClient, groupId: string): Promise<Partial<Prepared>> {
  const first = await client.request<JoinGroupResponse>(JOIN_GROUP, JOIN_VERSION, joinBody(groupId, ['allowed']))
  const body = joinBody(groupId, ['allowed'], first.memberId)
  const { memberId, generationId } = await client.request<JoinGroupResponse>(JOIN_GROUP, JOIN_VERSION, body)
  return { memberId, generationId }
}

function syncBody(groupId: string, { memberId, generationId }: Partial<Prepared>, version = 0): object {
  const assignment = encodeAssignment(
    { assignedPartitions: [{ topic: 'allowed', partitions: [0] }], userData: null },
    1,
  )
  const protocol = version < FIRST_SYNC_WITH_PROTOCOL ? {} : { protocolType: 'consumer', protocolName: 'range' }
  return { groupId, memberId, generationId, assignments: [{ memberId, assignment }], ...protocol }
}

async function joinAndSync(client: RawClient, groupId: string): Promise<Partial<Prepared>> {
  const member = await join(client, groupId)
  await client.request<SyncGroupResponse>(SYNC_GROUP, 2, syncBody(groupId, member))
  return member
}

async function leave(client: RawClient, groupId: string, memberId: string): Promise<void> {
  if (memberId !== '') await client.request(LEAVE_GROUP, 1, { groupId, memberId })
}

const joinRow = (name: string, groupId: string, topics: readonly string[]): Row => ({
  name,
  apiKey: JOIN_GROUP,
  body: ({ version }) => joinBody(`${groupId}${groupId.endsWith('-') ? version : ''}`, topics),
})

const STRANGER = { memberId: 'a stranger', generationId: 3 }

const memberRow = (
  name: string,
  apiKey: number,
  groupId: string,
  body: (member: Prepared, version: number) => object,
): Row => ({
  name,
  apiKey,
  body: ({ prepared, version }) => ({ ...body(prepared, version), groupId }),
})

const synced = (member: Partial<Prepared>, version: number): object => syncBody('', member, version)
const beat = ({ memberId, generationId }: Partial<Prepared>): object => ({ memberId, generationId })

function leaveBody(groupId: string, version: number, memberId: string): object {
  return version < FIRST_LEAVE_WITH_MEMBERS
    ? { groupId, memberId }
    : { groupId, members: [{ memberId, groupInstanceId: null, reason: null }] }
}

const memberRows: readonly Row[] = [
  joinRow('join group: own', 'own-join-', ['allowed']),
  joinRow('join group: own, topics in part denied', 'own-part-', ['allowed', 'foreign']),
  joinRow('join group: own, topics denied', 'own-none-', ['foreign']),
  joinRow('join group: denied', 'foreign-group', ['allowed']),
  joinRow('join group: seen only', 'seen', ['allowed']),
  {
    name: 'join group: with the id that was given',
    apiKey: JOIN_GROUP,
    versions: { min: 4 },
    prepare: async (client, version) =>
      await client.request<JoinGroupResponse>(JOIN_GROUP, version, joinBody(`own-again-${version}`, ['allowed'])),
    body: ({ version, prepared }) => joinBody(`own-again-${version}`, ['allowed'], prepared.memberId),
    finish: (client, { memberId }, version) => leave(client, `own-again-${version}`, memberId),
  },
  {
    ...memberRow('sync group: own', SYNC_GROUP, 'own-sync', synced),
    prepare: (client) => join(client, 'own-sync'),
    finish: (client, { memberId }) => leave(client, 'own-sync', memberId),
  },
  memberRow('sync group: own, as a stranger', SYNC_GROUP, 'own-sync', (_, version) => synced(STRANGER, version)),
  memberRow('sync group: denied', SYNC_GROUP, 'foreign-group', (_, version) => synced(STRANGER, version)),
  {
    ...memberRow('heartbeat: own', HEARTBEAT, 'own-beat', beat),
    prepare: (client) => joinAndSync(client, 'own-beat'),
    finish: (client, { memberId }) => leave(client, 'own-beat', memberId),
  },
  memberRow('heartbeat: denied', HEARTBEAT, 'foreign-group', () => beat(STRANGER)),
  {
    name: 'leave group: own',
    apiKey: LEAVE_GROUP,
    prepare: (client) => join(client, 'own-leave'),
    body: ({ version, prepared }) => leaveBody('own-leave', version, prepared.memberId),
  },
  {
    name: 'leave group: own, as a stranger',
    apiKey: LEAVE_GROUP,
    body: ({ version }) => leaveBody('own-leave', version, STRANGER.memberId),
  },
  {
    name: 'leave group: denied',
    apiKey: LEAVE_GROUP,
    body: ({ version }) => leaveBody('foreign-group', version, STRANGER.memberId),
  },
]

const DESCRIBED = ['own-offsets', 'seen', 'foreign-group', 'missing-group', 'old-offsets']

const listRows: readonly Row[] = [
  { name: 'describe groups: mixed', apiKey: DESCRIBE_GROUPS, body: () => ({ groups: DESCRIBED }) },
  {
    name: 'describe groups: with operations',
    apiKey: DESCRIBE_GROUPS,
    versions: { min: 3 },
    body: () => ({ groups: DESCRIBED, includeAuthorizedOperations: true }),
  },
  { name: 'describe groups: denied', apiKey: DESCRIBE_GROUPS, body: () => ({ groups: ['foreign-group'] }) },
  { name: 'list groups', apiKey: LIST_GROUPS, body: () => ({}) },
  { name: 'list groups: for nobody', apiKey: LIST_GROUPS, as: 'nobody', body: () => ({}) },
  { name: 'list groups: for an operator', apiKey: LIST_GROUPS, as: 'operator', body: () => ({}) },
  {
    name: 'delete groups: mixed',
    apiKey: DELETE_GROUPS,
    body: ({ version }) => ({
      groupsNames: [`old-${version}`, 'own-offsets', 'foreign-group', 'missing-group', 'old-missing'],
    }),
  },
  { name: 'delete groups: denied', apiKey: DELETE_GROUPS, body: () => ({ groupsNames: ['foreign-group', 'own-x'] }) },
]

const beatBody = (groupId: string, subscribedTopicNames: readonly string[]): object => ({
  groupId,
  memberId: 'bWVtYmVyLW9mLXRoZS1ncg',
  memberEpoch: 0,
  rebalanceTimeoutMs: 10_000,
  subscribedTopicNames,
  topicPartitions: [],
})

const consumerRows: readonly Row[] = [
  {
    name: 'consumer group heartbeat: own',
    apiKey: CONSUMER_GROUP_HEARTBEAT,
    body: () => beatBody('own-consumers', ['allowed', 'readable']),
  },
  {
    name: 'consumer group heartbeat: own, topics in part denied',
    apiKey: CONSUMER_GROUP_HEARTBEAT,
    body: () => beatBody('own-consumers-in-part', ['allowed', 'foreign']),
  },
  {
    name: 'consumer group heartbeat: own, a topic that is described only',
    apiKey: CONSUMER_GROUP_HEARTBEAT,
    body: () => beatBody('own-consumers-described', ['described']),
  },
  {
    name: 'consumer group heartbeat: denied',
    apiKey: CONSUMER_GROUP_HEARTBEAT,
    body: () => beatBody('foreign-group', ['allowed']),
  },
  {
    name: 'consumer group describe: mixed',
    apiKey: CONSUMER_GROUP_DESCRIBE,
    body: () => ({
      groupIds: ['own-consumers', 'foreign-group', 'missing-group', 'seen'],
      includeAuthorizedOperations: true,
    }),
  },
]

/** Consumer groups. */
export const groupRows: readonly Row[] = [
  ...listRows,
  ...offsetRows,
  ...coordinatorRows,
  ...memberRows,
  ...consumerRows,
]
