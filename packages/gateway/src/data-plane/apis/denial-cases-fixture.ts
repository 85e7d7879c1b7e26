// For tests: a plain table of how each API is denied.
import { ErrorCode, ZERO_UUID } from '@headgate/wire'
import { type Fields, uuidOf } from './message-fixture.ts'

/** How one API is asked for some names, and where its answer has the codes of one of them. */
export interface DenialCase {
  readonly apiKey: number
  readonly about: string
  readonly minVersion?: number
  readonly maxVersion?: number
  /** The request's fields that differ from their defaults. */
  request(names: readonly string[], version: number): Fields
  /** The broker's answer for these names; absent where a request speaks of one name only, or is atomic. */
  answer?(names: readonly string[], version: number): Fields
  codes(response: Fields, name: string, version: number): number[]
  readonly code: number
  readonly closes?: boolean
  readonly isNeverGranted?: boolean
  /** Words of `cluster` without which the names are not looked at. */
  readonly cluster?: string
}

const TOPIC = ErrorCode.TOPIC_AUTHORIZATION_FAILED
const GROUP = ErrorCode.GROUP_AUTHORIZATION_FAILED
const CLUSTER = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
const TRANSACTION = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED

/** Names end in the number of their topic id. */
const idOf = (name: string): string => uuidOf(Number(name.at(-1)))
const list = (value: unknown): Fields[] => value as Fields[]
const whole = (response: Fields): number[] => [Number(response['errorCode'])]

/** The codes of the entries that carry the name, or its id. */
function entries(values: unknown, name: string, field: string): Fields[] {
  return list(values).filter((entry) => entry[field] === name || entry['topicId'] === idOf(name))
}

const entryCodes = (values: unknown, name: string, field: string): number[] =>
  entries(values, name, field).map((entry) => Number(entry['errorCode']))

function partitionCodes(
  topics: unknown,
  name: string,
  field = 'name',
  partitions = 'partitions',
  code = 'errorCode',
): number[] {
  return entries(topics, name, field).flatMap((topic) =>
    list(topic[partitions]).map((partition) => Number(partition[code])),
  )
}

const COMMIT = { committedOffset: 1n, committedLeaderEpoch: -1, committedMetadata: '' }
const FETCH = {
  currentLeaderEpoch: -1,
  fetchOffset: 0n,
  lastFetchedEpoch: -1,
  logStartOffset: -1n,
  partitionMaxBytes: 1,
}
const FOLLOWER_ONLY = { replicaDirectoryId: ZERO_UUID, highWatermark: 9223372036854775807n }
const PRODUCED = { baseOffset: 0n, logAppendTimeMs: -1n, logStartOffset: -1n, recordErrors: [], errorMessage: null }
const LEADER = { currentLeader: { leaderId: -1, leaderEpoch: -1 } }
const DESCRIBED = { groupState: '', protocolType: '', protocolData: '', members: [], authorizedOperations: -2147483648 }
const NEW_GROUP = {
  groupState: '',
  groupEpoch: 0,
  assignmentEpoch: 0,
  assignorName: '',
  members: [],
  authorizedOperations: 0,
}

const produceTopics = (names: readonly string[], version: number): Fields[] =>
  names.map((name) => ({
    name: version < 13 ? name : '',
    topicId: version < 13 ? ZERO_UUID : idOf(name),
    partitionData: [{ index: 0, records: Buffer.from('records') }],
  }))

const produced = (names: readonly string[], version: number): Fields[] =>
  produceTopics(names, version).map(({ name, topicId }) => ({
    name,
    topicId,
    partitionResponses: [{ index: 0, errorCode: 0, ...PRODUCED, ...LEADER }],
  }))

const fetchTopics = (names: readonly string[], version: number): Fields[] =>
  names.map((name) => ({
    topic: version < 13 ? name : '',
    topicId: version < 13 ? ZERO_UUID : idOf(name),
    partitions: [{ partition: 0, ...FETCH, ...FOLLOWER_ONLY }],
  }))

const fetched = (names: readonly string[], version: number): Fields[] =>
  fetchTopics(names, version).map(({ topic, topicId }) => ({ topic, topicId, partitions: [FETCHED] }))

const FETCHED = {
  partitionIndex: 0,
  errorCode: 0,
  highWatermark: 1n,
  lastStableOffset: 1n,
  logStartOffset: 0n,
  divergingEpoch: { epoch: -1, endOffset: -1n },
  ...LEADER,
  snapshotId: { endOffset: -1n, epoch: -1 },
  abortedTransactions: [],
  preferredReadReplica: -1,
  records: Buffer.from('records'),
}

const named = (names: readonly string[], rest: Fields): Fields[] => names.map((name) => ({ name, ...rest }))
const resources = (names: readonly string[], resourceType: number): Fields[] =>
  names.map((resourceName) => ({ resourceType, resourceName, configs: [], configurationKeys: null }))
const answeredResources = (names: readonly string[]): Fields[] =>
  names.map((resourceName) => ({ errorCode: 0, errorMessage: null, resourceType: 2, resourceName, configs: [] }))
const answeredPartitions = (names: readonly string[]): Fields => ({
  topics: named(names, { topicId: ZERO_UUID, partitions: [{ partitionIndex: 0, errorCode: 0 }] }),
})

const ACL = { resourceType: 2, principal: 'User:any', host: '*', operation: 3, permissionType: 3 }
const ACL_FILTER = {
  resourceTypeFilter: 2,
  patternTypeFilter: 3,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}
const committed = { partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: -1, metadata: '', errorCode: 0 }
const OFFSET_COMMIT_TOPIC = { topicId: ZERO_UUID, partitions: [{ partitionIndex: 0, ...COMMIT }] }

/** At least one case for each API that can deny. */
export const denialCases: readonly DenialCase[] = [
  {
    apiKey: 0,
    about: 'topics',
    request: (names, version) => ({ acks: -1, topicData: produceTopics(names, version) }),
    answer: (names, version) => ({ responses: produced(names, version) }),
    codes: ({ responses }, name) => partitionCodes(responses, name, 'name', 'partitionResponses'),
    code: TOPIC,
  },
  {
    apiKey: 0,
    about: 'a transactional id',
    request: (names, version) => ({
      acks: -1,
      transactionalId: names[0],
      topicData: produceTopics(['open-1'], version),
    }),
    codes: ({ responses }) => partitionCodes(responses, 'open-1', 'name', 'partitionResponses'),
    code: TRANSACTION,
  },
  {
    apiKey: 0,
    about: 'topics without acknowledgement',
    request: (names, version) => ({ acks: 0, topicData: produceTopics(names, version) }),
    codes: () => [],
    code: TOPIC,
    closes: true,
  },
  {
    apiKey: 1,
    about: 'topics',
    request: (names, version) => ({ replicaId: -1, sessionEpoch: -1, topics: fetchTopics(names, version) }),
    answer: (names, version) => ({ responses: fetched(names, version) }),
    codes: ({ responses }, name) => partitionCodes(responses, name, 'topic'),
    code: TOPIC,
  },
  {
    apiKey: 2,
    about: 'topics',
    request: (names) => ({
      replicaId: -1,
      topics: named(names, { partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }] }),
    }),
    answer: (names) => ({
      topics: named(names, {
        partitions: [{ partitionIndex: 0, errorCode: 0, timestamp: -1n, offset: 1n, leaderEpoch: -1 }],
      }),
    }),
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 3,
    about: 'topics by name',
    request: (names) => ({ allowAutoTopicCreation: false, topics: named(names, { topicId: ZERO_UUID }) }),
    answer: (names, version) => ({ topics: answeredTopics(names, version) }),
    codes: ({ topics }, name) =>
      list(topics)
        .filter((topic) => topic['name'] === name)
        .map((topic) => Number(topic['errorCode'])),
    code: TOPIC,
  },
  {
    apiKey: 3,
    about: 'topics by id',
    minVersion: 12,
    request: (names) => ({
      allowAutoTopicCreation: false,
      topics: names.map((name) => ({ topicId: idOf(name), name: null })),
    }),
    answer: (names, version) => ({ topics: answeredTopics(names, version) }),
    codes: ({ topics }, name) =>
      entries(topics, '', 'name')
        .concat(list(topics).filter((topic) => topic['topicId'] === idOf(name)))
        .map((topic) => Number(topic['errorCode'])),
    code: TOPIC,
  },
  {
    apiKey: 8,
    about: 'a group',
    request: ([groupId]) => ({ groupId, topics: named(['open-1'], OFFSET_COMMIT_TOPIC) }),
    codes: ({ topics }) => partitionCodes(topics, 'open-1'),
    code: GROUP,
  },
  {
    apiKey: 8,
    about: 'topics',
    request: (names) => ({ groupId: 'open', topics: named(names, OFFSET_COMMIT_TOPIC) }),
    answer: answeredPartitions,
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 9,
    about: 'a group',
    minVersion: 1,
    maxVersion: 1,
    request: ([groupId]) => ({ groupId, topics: named(['open-1'], { partitionIndexes: [0] }) }),
    codes: ({ topics }) => partitionCodes(topics, 'open-1'),
    code: GROUP,
  },
  {
    apiKey: 9,
    about: 'a group',
    minVersion: 2,
    maxVersion: 7,
    request: ([groupId]) => ({ groupId, topics: named(['open-1'], { partitionIndexes: [0] }) }),
    codes: whole,
    code: GROUP,
  },
  {
    apiKey: 9,
    about: 'topics',
    maxVersion: 7,
    request: (names) => ({ groupId: 'open', topics: named(names, { partitionIndexes: [0] }) }),
    answer: (names) => ({ topics: named(names, { partitions: [committed] }) }),
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 9,
    about: 'groups',
    minVersion: 8,
    request: (names) => ({
      groups: names.map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: [] })),
    }),
    answer: (names) => ({ groups: names.map((groupId) => ({ groupId, topics: [], errorCode: 0 })) }),
    codes: ({ groups }, name) => entryCodes(groups, name, 'groupId'),
    code: GROUP,
  },
  {
    apiKey: 9,
    about: 'topics of a group',
    minVersion: 8,
    request: (names) => ({
      groups: [
        {
          groupId: 'open',
          memberId: null,
          memberEpoch: -1,
          topics: named(names, { topicId: ZERO_UUID, partitionIndexes: [0] }),
        },
      ],
    }),
    answer: (names) => ({
      groups: [
        { groupId: 'open', topics: named(names, { topicId: ZERO_UUID, partitions: [committed] }), errorCode: 0 },
      ],
    }),
    codes: ({ groups }, name) => list(groups).flatMap(({ topics }) => partitionCodes(topics, name)),
    code: TOPIC,
  },
  {
    apiKey: 10,
    about: 'a group',
    maxVersion: 3,
    request: ([key]) => ({ key }),
    codes: whole,
    code: GROUP,
  },
  {
    apiKey: 10,
    about: 'a transactional id',
    minVersion: 1,
    maxVersion: 3,
    request: ([key]) => ({ key, keyType: 1 }),
    codes: whole,
    code: TRANSACTION,
  },
  {
    apiKey: 10,
    about: 'a share coordinator',
    minVersion: 1,
    maxVersion: 3,
    request: ([key]) => ({ key, keyType: 2 }),
    codes: whole,
    code: ErrorCode.INVALID_REQUEST,
    isNeverGranted: true,
  },
  ...[
    { about: 'groups', keyType: 0, code: GROUP },
    { about: 'transactional ids', keyType: 1, code: TRANSACTION },
  ].map(
    ({ about, keyType, code }): DenialCase => ({
      apiKey: 10,
      about,
      minVersion: 4,
      request: (names) => ({ keyType, coordinatorKeys: [...names] }),
      answer: (names) => ({
        coordinators: names.map((key) => ({ key, nodeId: 1, host: 'leak', port: 1, errorCode: 0, errorMessage: null })),
      }),
      codes: ({ coordinators }, name) => entryCodes(coordinators, name, 'key'),
      code,
    }),
  ),
  ...[11, 12, 13, 14, 68].map(
    (apiKey): DenialCase => ({
      apiKey,
      about: 'a group',
      request: ([groupId]) => ({ groupId }),
      codes: whole,
      code: GROUP,
    }),
  ),
  {
    apiKey: 15,
    about: 'groups',
    request: (names) => ({ groups: [...names] }),
    answer: (names) => ({
      groups: names.map((groupId) => ({ errorCode: 0, errorMessage: null, groupId, ...DESCRIBED })),
    }),
    codes: ({ groups }, name) => entryCodes(groups, name, 'groupId'),
    code: GROUP,
  },
  {
    apiKey: 19,
    about: 'topics',
    request: (names) => ({
      topics: named(names, { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }),
    }),
    answer: (names) => ({
      topics: named(names, {
        topicId: ZERO_UUID,
        errorCode: 0,
        errorMessage: null,
        topicConfigErrorCode: 0,
        numPartitions: -1,
        replicationFactor: -1,
        configs: [],
      }),
    }),
    codes: ({ topics }, name) => entryCodes(topics, name, 'name'),
    code: TOPIC,
  },
  {
    apiKey: 20,
    about: 'topics by name',
    request: (names, version) =>
      version < 6 ? { topicNames: [...names] } : { topics: named(names, { topicId: ZERO_UUID }) },
    answer: (names) => ({ responses: named(names, { topicId: ZERO_UUID, errorCode: 0, errorMessage: null }) }),
    codes: ({ responses }, name) => entryCodes(responses, name, 'name'),
    code: TOPIC,
  },
  {
    apiKey: 20,
    about: 'topics by id',
    minVersion: 6,
    request: (names) => ({ topics: names.map((name) => ({ name: null, topicId: idOf(name) })) }),
    answer: (names) => ({
      responses: names.map((name) => ({ name, topicId: idOf(name), errorCode: 0, errorMessage: null })),
    }),
    codes: ({ responses }, name) => entryCodes(responses, name, 'name'),
    code: TOPIC,
  },
  {
    apiKey: 21,
    about: 'topics',
    request: (names) => ({ topics: named(names, { partitions: [{ partitionIndex: 0, offset: 1n }] }) }),
    answer: (names) => ({
      topics: named(names, { partitions: [{ partitionIndex: 0, lowWatermark: 1n, errorCode: 0 }] }),
    }),
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 22,
    about: 'a transactional id',
    request: ([transactionalId]) => ({ transactionalId, transactionTimeoutMs: 1 }),
    codes: whole,
    code: TRANSACTION,
  },
  {
    apiKey: 23,
    about: 'topics',
    request: (names) => ({
      replicaId: -2,
      topics: names.map((topic) => ({ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 1 }] })),
    }),
    answer: (names) => ({
      topics: names.map((topic) => ({
        topic,
        partitions: [{ errorCode: 0, partition: 0, leaderEpoch: 1, endOffset: 1n }],
      })),
    }),
    codes: ({ topics }, name) => partitionCodes(topics, name, 'topic'),
    code: TOPIC,
  },
  {
    apiKey: 24,
    about: 'a transactional id',
    request: ([v3AndBelowTransactionalId]) => ({
      v3AndBelowTransactionalId,
      v3AndBelowTopics: named(['open-1'], { partitions: [0] }),
    }),
    codes: ({ resultsByTopicV3AndBelow }) =>
      partitionCodes(resultsByTopicV3AndBelow, 'open-1', 'name', 'resultsByPartition', 'partitionErrorCode'),
    code: TRANSACTION,
  },
  {
    apiKey: 24,
    about: 'topics',
    request: (names) => ({ v3AndBelowTransactionalId: 'open', v3AndBelowTopics: named(names, { partitions: [0] }) }),
    codes: ({ resultsByTopicV3AndBelow }, name) =>
      partitionCodes(resultsByTopicV3AndBelow, name, 'name', 'resultsByPartition', 'partitionErrorCode'),
    code: TOPIC,
  },
  {
    apiKey: 25,
    about: 'a transactional id',
    request: ([transactionalId]) => ({ transactionalId, groupId: 'open' }),
    codes: whole,
    code: TRANSACTION,
  },
  {
    apiKey: 25,
    about: 'a group',
    request: ([groupId]) => ({ transactionalId: 'open', groupId }),
    codes: whole,
    code: GROUP,
  },
  {
    apiKey: 26,
    about: 'a transactional id',
    request: ([transactionalId]) => ({ transactionalId, committed: true }),
    codes: whole,
    code: TRANSACTION,
  },
  {
    apiKey: 28,
    about: 'a transactional id',
    request: ([transactionalId]) => ({
      transactionalId,
      groupId: 'open',
      topics: named(['open-1'], { partitions: [{ partitionIndex: 0, ...COMMIT }] }),
    }),
    codes: ({ topics }) => partitionCodes(topics, 'open-1'),
    code: TRANSACTION,
  },
  {
    apiKey: 28,
    about: 'a group',
    request: ([groupId]) => ({
      transactionalId: 'open',
      groupId,
      topics: named(['open-1'], { partitions: [{ partitionIndex: 0, ...COMMIT }] }),
    }),
    codes: ({ topics }) => partitionCodes(topics, 'open-1'),
    code: GROUP,
  },
  {
    apiKey: 28,
    about: 'topics',
    request: (names) => ({
      transactionalId: 'open',
      groupId: 'open',
      topics: named(names, { partitions: [{ partitionIndex: 0, ...COMMIT }] }),
    }),
    answer: answeredPartitions,
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 29,
    about: 'the cluster',
    request: () => ({}),
    codes: whole,
    code: CLUSTER,
    isNeverGranted: true,
  },
  {
    apiKey: 30,
    about: 'the cluster',
    request: (names) => ({
      creations: names.map((resourceName) => ({ ...ACL, resourceName, resourcePatternType: 3 })),
    }),
    codes: ({ results }) => list(results).map(({ errorCode }) => Number(errorCode)),
    code: CLUSTER,
    isNeverGranted: true,
  },
  {
    apiKey: 31,
    about: 'the cluster',
    request: (names) => ({ filters: names.map((resourceNameFilter) => ({ ...ACL_FILTER, resourceNameFilter })) }),
    codes: ({ filterResults }) => list(filterResults).map(({ errorCode }) => Number(errorCode)),
    code: CLUSTER,
    isNeverGranted: true,
  },
  {
    apiKey: 32,
    about: 'topics',
    request: (names) => ({ resources: resources(names, 2) }),
    answer: (names) => ({ results: answeredResources(names) }),
    codes: ({ results }, name) => entryCodes(results, name, 'resourceName'),
    code: TOPIC,
  },
  ...[33, 44].map(
    (apiKey): DenialCase => ({
      apiKey,
      about: 'topics',
      request: (names) => ({ resources: resources(names, 2) }),
      answer: (names) => ({ responses: answeredResources(names) }),
      codes: ({ responses }, name) => entryCodes(responses, name, 'resourceName'),
      code: TOPIC,
    }),
  ),
  ...[
    { about: 'a broker', type: 4, code: CLUSTER },
    { about: 'the logger of a broker', type: 8, code: CLUSTER },
    { about: 'client metrics', type: 16, code: CLUSTER },
    { about: 'a group', type: 32, code: GROUP },
  ].flatMap(({ about, type, code }) =>
    [32, 33, 44].map(
      (apiKey): DenialCase => ({
        apiKey,
        about,
        request: (names) => ({ resources: resources(names, type) }),
        codes: ({ results, responses }, name) => entryCodes(results ?? responses, name, 'resourceName'),
        code,
        isNeverGranted: true,
      }),
    ),
  ),
  {
    apiKey: 37,
    about: 'topics',
    request: (names) => ({ topics: named(names, { count: 2, assignments: null }) }),
    answer: (names) => ({ results: named(names, { errorCode: 0, errorMessage: null }) }),
    codes: ({ results }, name) => entryCodes(results, name, 'name'),
    code: TOPIC,
  },
  {
    apiKey: 42,
    about: 'groups',
    request: (names) => ({ groupsNames: [...names] }),
    answer: (names) => ({ results: names.map((groupId) => ({ groupId, errorCode: 0 })) }),
    codes: ({ results }, name) => entryCodes(results, name, 'groupId'),
    code: GROUP,
  },
  {
    apiKey: 45,
    about: 'the cluster',
    request: (names) => ({ topics: named(names, { partitions: [{ partitionIndex: 0, replicas: [0] }] }) }),
    codes: (response, name) => [...whole(response), ...partitionCodes(response['responses'], name)],
    code: CLUSTER,
    isNeverGranted: true,
  },
  {
    apiKey: 45,
    about: 'topics',
    cluster: 'alter',
    request: (names) => ({ topics: named(names, { partitions: [{ partitionIndex: 0, replicas: [0] }] }) }),
    answer: (names) => ({
      responses: named(names, { partitions: [{ partitionIndex: 0, errorCode: 0, errorMessage: null }] }),
    }),
    codes: ({ responses }, name) => partitionCodes(responses, name),
    code: TOPIC,
  },
  {
    apiKey: 46,
    about: 'the cluster',
    request: (names) => ({ topics: named(names, { partitionIndexes: [0] }) }),
    codes: whole,
    code: CLUSTER,
    isNeverGranted: true,
  },
  {
    apiKey: 47,
    about: 'a group',
    request: ([groupId]) => ({ groupId, topics: named(['open-1'], { partitions: [{ partitionIndex: 0 }] }) }),
    codes: whole,
    code: GROUP,
  },
  {
    apiKey: 47,
    about: 'topics',
    request: (names) => ({ groupId: 'open', topics: named(names, { partitions: [{ partitionIndex: 0 }] }) }),
    answer: answeredPartitions,
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 61,
    about: 'topics',
    request: (names) => ({ topics: named(names, { partitionIndexes: [0] }) }),
    answer: (names) => ({
      topics: named(names, {
        partitions: [{ partitionIndex: 0, errorCode: 0, errorMessage: null, activeProducers: [] }],
      }),
    }),
    codes: ({ topics }, name) => partitionCodes(topics, name),
    code: TOPIC,
  },
  {
    apiKey: 65,
    about: 'transactional ids',
    request: (names) => ({ transactionalIds: [...names] }),
    answer: (names) => ({
      transactionStates: names.map((transactionalId) => ({ transactionalId, errorCode: 0, ...STATE })),
    }),
    codes: ({ transactionStates }, name) => entryCodes(transactionStates, name, 'transactionalId'),
    code: TRANSACTION,
  },
  {
    apiKey: 68,
    about: 'topics',
    request: (names) => ({ groupId: 'open', subscribedTopicNames: [...names] }),
    codes: whole,
    code: TOPIC,
  },
  {
    apiKey: 69,
    about: 'groups',
    request: (names) => ({ groupIds: [...names] }),
    answer: (names) => ({
      groups: names.map((groupId) => ({ errorCode: 0, errorMessage: null, groupId, ...NEW_GROUP })),
    }),
    codes: ({ groups }, name) => entryCodes(groups, name, 'groupId'),
    code: GROUP,
  },
]

const STATE = {
  transactionState: 'Empty',
  transactionTimeoutMs: 1,
  transactionStartTimeMs: 0n,
  producerId: 1n,
  producerEpoch: 0,
  topics: [],
}

function answeredTopics(names: readonly string[], version: number): Fields[] {
  return names.map((name) => ({
    errorCode: 0,
    name,
    topicId: version < 10 ? ZERO_UUID : idOf(name),
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: -2147483648,
  }))
}
