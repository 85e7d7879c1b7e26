import type { KnownDifference } from './row.ts'

const everywhere = (row: string, reason: string, ...paths: readonly string[]): KnownDifference[] =>
  paths.map((path) => ({ row, path, reason }))

const REPLICA = 'only brokers fetch in the name of a replica: the connection ends'
const NO_TOPICS = 'a member that may read none of its topics would be dealt partitions that stand still'

/** Where the gateway means to answer otherwise than Kafka with its own access rules. Each must show, in every version. */
export const knownDifferences: readonly KnownDifference[] = [
  ...everywhere(
    'list groups: for an operator',
    'Describe on the cluster shows no group: groups are shown by rules that name them',
    'groups.length',
    'groups[*]',
  ),
  ...everywhere(
    'find coordinator: share',
    'share groups are not offered; Kafka asks for ClusterAction',
    'coordinators[*].errorCode',
  ),
  ...everywhere('join group: own, topics denied', NO_TOPICS, 'errorCode', 'memberId'),
  ...['generationId', 'protocolName', 'leader', 'members.length', 'members[*]'].map((path) => ({
    row: 'join group: own, topics denied',
    versions: { max: 3 },
    path,
    reason: NO_TOPICS,
  })),
  ...everywhere(
    'consumer group heartbeat: own, a topic that is described only',
    NO_TOPICS,
    'errorCode',
    'memberId',
    'memberEpoch',
    'heartbeatIntervalMs',
    'assignment*',
  ),
  ...everywhere(
    'consumer group describe: mixed',
    'brokers see the host of the gateway, which says nothing of the member',
    'groups[own-consumers].members[*].clientHost',
  ),
  ...everywhere(
    'produce: transactional id denied, records of no transaction',
    'a transactional id that a request names is asked about, whatever its records are',
    'responses[*].partitionResponses[0].errorCode',
  ),
  ...everywhere(
    'produce: records of a transaction, without its id',
    'what is refused is refused before anybody looks into its records; the broker refuses the rest with 53',
    'responses[*foreign].partitionResponses[0].errorCode',
  ),
  ...everywhere(
    'produce: unacknowledged, mixed',
    'the connection ends in both; Kafka writes what is granted before, the gateway nothing',
    'state: end.topics[unacknowledged].partitions[0].offset',
  ),
  ...everywhere(
    'fetch: opens a session',
    'no sessions: every fetch names its partitions, and each is decided every time',
    'sessionId',
  ),
  ...everywhere('fetch: in the name of a replica', REPLICA, '*'),
  ...everywhere('list offsets: in the name of a replica', REPLICA, '*'),
  ...everywhere(
    'describe configs: a type that nobody knows',
    'refused like any type that policy does not speak of; Kafka gives up on the whole request',
    'results[0 x].errorCode',
  ),
  ...everywhere(
    'sasl handshake: on a connection that is signed in',
    'begins a re-authentication (KIP-368), which this Kafka has not switched on',
    'errorCode',
    'mechanisms*',
  ),
  ...everywhere(
    'kafkajs consumer: a topic to be described only',
    NO_TOPICS,
    'error.name',
    'error.type',
    'error.code',
    'error.within*',
  ),
  ...everywhere(
    'alter partition reassignments: topics that are not granted',
    'Alter on the topic is asked for beside that on the cluster, and what exists and what does not look the same',
    'responses[foreign].partitions[0].errorCode',
    'responses[missing].partitions[0].errorCode',
  ),
  ...everywhere(
    'kafkajs admin: partitions moved without a right on the topic',
    'Alter on the topic is asked for beside that on the cluster',
    'value',
    'error*',
  ),
  ...everywhere(
    'alter configs: mixed',
    'refused before it is looked at; Kafka finds that loggers cannot be altered by this request first',
    'responses[8 0].errorCode',
  ),
]
