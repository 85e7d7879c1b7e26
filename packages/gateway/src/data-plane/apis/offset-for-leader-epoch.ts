import { Operation } from '@headgate/policy'
import {
  defaultOffsetForLeaderEpochResponse,
  defaultOffsetForLeaderEpochResponseEpochEndOffset,
  ErrorCode,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochRequestOffsetForLeaderTopic,
  type OffsetForLeaderEpochResponse,
  type OffsetForLeaderEpochResponseOffsetForLeaderTopicResult,
} from '@headgate/wire'
import { type AnyApi, answer, close, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** OffsetForLeaderEpoch: Describe on each topic. */
export const offsetForLeaderEpoch: AnyApi = defineApi<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>({
  apiKey: 23,
  minVersion: 2,
  maxVersion: 4,
  decide(call, request) {
    if (request.replicaId >= 0) return close('leader epochs asked for in the name of a replica')
    const { allowed, denied } = splitItems(request.topics, ({ topic }) =>
      call.permits('topic', Operation.Describe, topic),
    )
    if (denied.length === 0) return forward()
    const refusals = denied.map(refusedTopic)
    if (allowed.length === 0) return answer({ ...defaultOffsetForLeaderEpochResponse(), topics: refusals })
    const rest = { ...request, topics: allowed }
    return forwardInstead<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(rest, (response) => {
      response.topics = withRefusals(response.topics, refusals, ({ topic }) => topic)
    })
  },
})

function refusedTopic({
  topic,
  partitions,
}: OffsetForLeaderEpochRequestOffsetForLeaderTopic): OffsetForLeaderEpochResponseOffsetForLeaderTopicResult {
  const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  const refused = partitions.map(({ partition }) => ({
    ...defaultOffsetForLeaderEpochResponseEpochEndOffset(),
    partition,
    errorCode,
  }))
  return { topic, partitions: refused }
}
