import { Operation } from '@headgate/policy'
import {
  defaultTxnOffsetCommitResponse,
  ErrorCode,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitRequestTopic,
  type TxnOffsetCommitResponse,
  type TxnOffsetCommitResponseTopic,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusedPartitions } from './refusals.ts'
import { splitTopics } from './request-split.ts'

/** TxnOffsetCommit: Write on the transactional id, Read on the group, and Read on each partition. */
export const txnOffsetCommit: AnyApi = defineApi<TxnOffsetCommitRequest, TxnOffsetCommitResponse>({
  apiKey: 28,
  minVersion: 0,
  maxVersion: 5,
  decide(call, request) {
    if (!call.permits('transactional-id', Operation.Write, request.transactionalId)) {
      return answer(refused(request.topics, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    }
    if (!call.permits('group', Operation.Read, request.groupId)) {
      return answer(refused(request.topics, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    }
    const { allowed, denied } = splitTopics(request.topics, ({ name }, { partitionIndex }) =>
      call.permits('topic', Operation.Read, name, partitionIndex),
    )
    if (denied.length === 0) return forward()
    const refusal = refused(denied, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    if (allowed.length === 0) return answer(refusal)
    const rest = { ...request, topics: allowed }
    return forwardInstead<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(rest, (response) => {
      response.topics = withRefusedPartitions(response.topics, refusal.topics)
    })
  },
})

function refused(topics: readonly TxnOffsetCommitRequestTopic[], errorCode: number): TxnOffsetCommitResponse {
  const refusals: TxnOffsetCommitResponseTopic[] = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
  return { ...defaultTxnOffsetCommitResponse(), topics: refusals }
}
