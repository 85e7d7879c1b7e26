import { ZERO_UUID } from '@headgate/wire'
import type { Row, RowContext } from '../row.ts'

const FETCH = 1
const LIST_OFFSETS = 2
const OFFSET_FOR_LEADER_EPOCH = 23
const FIRST_VERSION_WITH_IDS = 13
const NO_REPLICA = -1
const LAST_VERSION_WITH_REPLICA_ID = 14

type Partitions = Readonly<Record<string, readonly number[]>>

interface FetchOptions {
  readonly sessionId?: number
  readonly sessionEpoch?: number
  readonly fetchOffset?: bigint
  readonly isolationLevel?: number
  readonly forgotten?: Partitions
  readonly replicaId?: number
}

function fetchBody(context: RowContext, read: Partitions, options: FetchOptions): object {
  const {
    sessionId = 0,
    sessionEpoch = -1,
    fetchOffset = 0n,
    isolationLevel = 0,
    forgotten = {},
    replicaId = NO_REPLICA,
  } = options
  const hasIds = context.version >= FIRST_VERSION_WITH_IDS
  const identity = (topic: string): object => ({
    topic: hasIds ? '' : topic,
    topicId: hasIds ? context.topicId(topic) : ZERO_UUID,
  })
  return {
    replicaId,
    maxWaitMs: 1,
    minBytes: 0,
    maxBytes: 1_000_000,
    isolationLevel,
    sessionId,
    sessionEpoch,
    topics: Object.entries(read).map(([topic, partitions]) => ({
      ...identity(topic),
      partitions: partitions.map((partition) => fetchPartition(partition, fetchOffset)),
    })),
    forgottenTopicsData: Object.entries(forgotten).map(([topic, partitions]) => ({ ...identity(topic), partitions })),
  }
}

function fetchPartition(partition: number, fetchOffset: bigint): object {
  return {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 10_000,
    replicaDirectoryId: ZERO_UUID,
    highWatermark: 9_223_372_036_854_775_807n,
  }
}

const MIXED: Partitions = {
  allowed: [0, 2, 99],
  writable: [0],
  described: [0],
  foreign: [0, 99],
  missing: [0],
  'granted-missing': [0],
  'team.a': [0],
  'team.secret': [0],
  __consumer_offsets: [0],
}

const fetchRow = (name: string, read: Partitions, options: FetchOptions = {}): Row => ({
  name,
  apiKey: FETCH,
  body: (context) => fetchBody(context, read, options),
})

const listOffsetsRow = (name: string, asked: Partitions, timestamp: bigint, replicaId = NO_REPLICA): Row => ({
  name,
  apiKey: LIST_OFFSETS,
  body: () => ({
    replicaId,
    topics: Object.entries(asked).map(([topic, partitions]) => ({
      name: topic,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
    })),
  }),
})

/** Fetch, ListOffsets and OffsetForLeaderEpoch. */
export const fetchRows: readonly Row[] = [
  fetchRow('fetch: allowed', { allowed: [0, 1, 2], readable: [0] }),
  fetchRow('fetch: committed', { allowed: [0, 1, 2] }, { isolationLevel: 1 }),
  fetchRow('fetch: mixed', MIXED),
  fetchRow('fetch: denied', { foreign: [0, 1], writable: [0] }),
  fetchRow('fetch: out of range', { allowed: [0], foreign: [0] }, { fetchOffset: 1_000_000n }),
  { ...fetchRow('fetch: nobody', { allowed: [0] }), as: 'nobody' },
  fetchRow('fetch: nothing', {}),
  { ...fetchRow('fetch: opens a session', MIXED, { sessionEpoch: 0 }), versions: { min: 7 } },
  { ...fetchRow('fetch: in an unknown session', MIXED, { sessionId: 77, sessionEpoch: 1 }), versions: { min: 7 } },
  {
    ...fetchRow('fetch: forgets outside of a session', { allowed: [0] }, { forgotten: { allowed: [1] } }),
    versions: { min: 7 },
  },
  {
    ...fetchRow('fetch: in the name of a replica', { allowed: [0], foreign: [0] }, { replicaId: 0 }),
    versions: { max: LAST_VERSION_WITH_REPLICA_ID },
  },
  listOffsetsRow('list offsets: latest, mixed', MIXED, -1n),
  listOffsetsRow('list offsets: earliest, mixed', MIXED, -2n),
  listOffsetsRow('list offsets: by time', { allowed: [0, 1, 2], foreign: [0] }, 1n),
  listOffsetsRow('list offsets: denied', { foreign: [0], missing: [0] }, -1n),
  { ...listOffsetsRow('list offsets: nobody', { allowed: [0] }, -1n), as: 'nobody' },
  listOffsetsRow('list offsets: in the name of a replica', { allowed: [0], foreign: [0] }, -1n, 0),
  {
    name: 'offset for leader epoch: mixed',
    apiKey: OFFSET_FOR_LEADER_EPOCH,
    body: () => ({
      topics: Object.entries(MIXED).map(([topic, partitions]) => ({
        topic,
        partitions: partitions.map((partition) => ({ partition, currentLeaderEpoch: -1, leaderEpoch: 0 })),
      })),
    }),
  },
]
