import {
  type FindCoordinatorResponse,
  type InitProducerIdResponse,
  type OffsetCommitResponse,
  type ProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import type { RawClient } from '../clients/raw-client.ts'
import { until } from '../kafka/until.ts'
import { batch } from './batch.ts'

const [PRODUCE, OFFSET_COMMIT, FIND_COORDINATOR, INIT_PRODUCER_ID] = [0, 8, 10, 22]
const [GROUP, TRANSACTION] = [0, 1]
const GROUPS = ['own-offsets', 'seen', 'foreign-group', 'old-offsets', 'old-0', 'old-1', 'old-2']
const TOPICS = ['allowed', 'foreign', 'readable', 'team.secret']
const TRANSACTIONAL_IDS = ['foreign-tx', 'seen-tx']

/** Gives a cluster what rows find there: records, groups with offsets, transactional ids. */
export async function set(admin: RawClient): Promise<void> {
  await untilCoordinated(admin, GROUPS, GROUP)
  await untilCoordinated(admin, TRANSACTIONAL_IDS, TRANSACTION)
  for (const groupId of GROUPS) await until(`offsets of ${groupId}`, () => commit(admin, groupId))
  for (const transactionalId of TRANSACTIONAL_IDS)
    await until(`the producer id of ${transactionalId}`, () => init(admin, transactionalId))
  const partitionData = [{ index: 0, records: batch('set') }]
  const topicData = [...TOPICS, 'deletable.records'].map((name) => ({ name, topicId: ZERO_UUID, partitionData }))
  await admin.request<ProduceResponse>(PRODUCE, 9, { acks: -1, timeoutMs: 5_000, topicData })
}

/** The first question for a coordinator creates the internal topic behind it. */
async function untilCoordinated(admin: RawClient, coordinatorKeys: readonly string[], keyType: number): Promise<void> {
  await until('coordinators', async () => {
    const answer = await admin.request<FindCoordinatorResponse>(FIND_COORDINATOR, 4, { keyType, coordinatorKeys })
    return answer.coordinators.every(({ errorCode }) => errorCode === 0)
  })
}

async function commit(admin: RawClient, groupId: string): Promise<boolean> {
  const topics = TOPICS.map((name) => ({
    name,
    topicId: ZERO_UUID,
    partitions: [{ partitionIndex: 0, committedOffset: 0n, committedLeaderEpoch: -1, committedMetadata: '' }],
  }))
  const answer = await admin.request<OffsetCommitResponse>(OFFSET_COMMIT, 8, { groupId, topics })
  return answer.topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0))
}

async function init(admin: RawClient, transactionalId: string): Promise<boolean> {
  const body = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1n, producerEpoch: -1 }
  return (await admin.request<InitProducerIdResponse>(INIT_PRODUCER_ID, 4, body)).errorCode === 0
}
