// A plain table: the Kafka APIs, and versions of offered ones, that the gateway does not offer.

/** An API that is neither advertised nor forwarded. */
export interface HiddenApi {
  readonly apiKey: number
  readonly name: string
  readonly reason: string
}

/** Versions of an offered API that are neither advertised nor forwarded. */
export interface CappedVersions {
  readonly apiKey: number
  readonly name: string
  readonly firstVersion: number
  readonly lastVersion: number
  readonly reason: string
}

const REMOVED = 'removed in Kafka 4.0; brokers spoke it among themselves'
const INTER_BROKER = 'brokers and controllers speak it among themselves'
const DELEGATION_TOKEN = 'would make a credential with which the gateway can be passed by'
const SCRAM_CREDENTIAL = 'would show or make a credential with which the gateway can be passed by'
const CLUSTER_OPERATION = 'an operation on the cluster that is not decided on yet'
const QUOTA = 'quotas concern the principals that brokers know, which are not the clients of the gateway'
const TELEMETRY = 'sends what clients measure to the cluster, which policy has no word for'
const SHARE_GROUP = 'share groups are not decided on yet'
const STREAMS_GROUP = 'streams groups are not decided on yet'

const rows: readonly (readonly [apiKey: number, name: string, reason: string])[] = [
  [4, 'LeaderAndIsr', REMOVED],
  [5, 'StopReplica', REMOVED],
  [6, 'UpdateMetadata', REMOVED],
  [7, 'ControlledShutdown', REMOVED],
  [27, 'WriteTxnMarkers', INTER_BROKER],
  [34, 'AlterReplicaLogDirs', CLUSTER_OPERATION],
  [35, 'DescribeLogDirs', CLUSTER_OPERATION],
  [38, 'CreateDelegationToken', DELEGATION_TOKEN],
  [39, 'RenewDelegationToken', DELEGATION_TOKEN],
  [40, 'ExpireDelegationToken', DELEGATION_TOKEN],
  [41, 'DescribeDelegationToken', DELEGATION_TOKEN],
  [43, 'ElectLeaders', CLUSTER_OPERATION],
  [48, 'DescribeClientQuotas', QUOTA],
  [49, 'AlterClientQuotas', QUOTA],
  [50, 'DescribeUserScramCredentials', SCRAM_CREDENTIAL],
  [51, 'AlterUserScramCredentials', SCRAM_CREDENTIAL],
  [52, 'Vote', INTER_BROKER],
  [53, 'BeginQuorumEpoch', INTER_BROKER],
  [54, 'EndQuorumEpoch', INTER_BROKER],
  [55, 'DescribeQuorum', 'shows the addresses of controllers, which no client can reach'],
  [56, 'AlterPartition', INTER_BROKER],
  [57, 'UpdateFeatures', CLUSTER_OPERATION],
  [58, 'Envelope', INTER_BROKER],
  [59, 'FetchSnapshot', INTER_BROKER],
  [62, 'BrokerRegistration', INTER_BROKER],
  [63, 'BrokerHeartbeat', INTER_BROKER],
  [64, 'UnregisterBroker', CLUSTER_OPERATION],
  [67, 'AllocateProducerIds', INTER_BROKER],
  [70, 'ControllerRegistration', INTER_BROKER],
  [71, 'GetTelemetrySubscriptions', TELEMETRY],
  [72, 'PushTelemetry', TELEMETRY],
  [73, 'AssignReplicasToDirs', INTER_BROKER],
  [74, 'ListConfigResources', 'lists groups and other names that policy cannot filter yet'],
  [75, 'DescribeTopicPartitions', 'its cursor names the next topic, seen or not; Metadata tells the same'],
  [76, 'ShareGroupHeartbeat', SHARE_GROUP],
  [77, 'ShareGroupDescribe', SHARE_GROUP],
  [78, 'ShareFetch', SHARE_GROUP],
  [79, 'ShareAcknowledge', SHARE_GROUP],
  [80, 'AddRaftVoter', CLUSTER_OPERATION],
  [81, 'RemoveRaftVoter', CLUSTER_OPERATION],
  [82, 'UpdateRaftVoter', INTER_BROKER],
  [83, 'InitializeShareGroupState', INTER_BROKER],
  [84, 'ReadShareGroupState', INTER_BROKER],
  [85, 'WriteShareGroupState', INTER_BROKER],
  [86, 'DeleteShareGroupState', INTER_BROKER],
  [87, 'ReadShareGroupStateSummary', INTER_BROKER],
  [88, 'StreamsGroupHeartbeat', STREAMS_GROUP],
  [89, 'StreamsGroupDescribe', STREAMS_GROUP],
  [90, 'DescribeShareGroupOffsets', SHARE_GROUP],
  [91, 'AlterShareGroupOffsets', SHARE_GROUP],
  [92, 'DeleteShareGroupOffsets', SHARE_GROUP],
]

/** Every API of Kafka that the gateway does not offer, with the reason; a key in no table at all is not offered either. */
export const hiddenApis: readonly HiddenApi[] = rows.map(([apiKey, name, reason]) => ({ apiKey, name, reason }))

/** The versions of offered APIs that are not offered. */
export const cappedVersions: readonly CappedVersions[] = [
  {
    apiKey: 1,
    name: 'Fetch',
    firstVersion: 16,
    lastVersion: 18,
    reason: 'puts broker addresses behind the records, where only a whole answer could be mended',
  },
  {
    apiKey: 3,
    name: 'Metadata',
    firstVersion: 0,
    lastVersion: 3,
    reason: 'cannot say that no topic is to be created',
  },
  {
    apiKey: 8,
    name: 'OffsetCommit',
    firstVersion: 10,
    lastVersion: 10,
    reason: 'names topics by id alone; version 9 says the same by name',
  },
  {
    apiKey: 9,
    name: 'OffsetFetch',
    firstVersion: 10,
    lastVersion: 10,
    reason: 'names topics by id alone; version 9 says the same by name',
  },
  {
    apiKey: 22,
    name: 'InitProducerId',
    firstVersion: 6,
    lastVersion: 6,
    reason: 'unstable in Kafka 4.3: brokers offer it behind a flag (two-phase commit)',
  },
  {
    apiKey: 24,
    name: 'AddPartitionsToTxn',
    firstVersion: 4,
    lastVersion: 5,
    reason: 'a batch between brokers, which needs ClusterAction',
  },
  {
    apiKey: 68,
    name: 'ConsumerGroupHeartbeat',
    firstVersion: 1,
    lastVersion: 1,
    reason: 'subscribes by a regular expression that the broker resolves with the rights of the gateway',
  },
]
