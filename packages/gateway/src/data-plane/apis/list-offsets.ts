import { Operation } from '@headgate/policy'
import {
  defaultListOffsetsResponse,
  defaultListOffsetsResponseListOffsetsPartitionResponse,
  ErrorCode,
  type ListOffsetsRequest,
  type ListOffsetsRequestListOffsetsTopic,
  type ListOffsetsResponse,
  type ListOffsetsResponseListOffsetsTopicResponse,
} from '@headgate/wire'
import { type AnyApi, answer, close, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** ListOffsets: Describe on each topic. */
export const listOffsets: AnyApi = defineApi<ListOffsetsRequest, ListOffsetsResponse>({
  apiKey: 2,
  minVersion: 1,
  maxVersion: 11,
  decide(call, request) {
    if (request.replicaId >= 0) return close('offsets asked for in the name of a replica')
    const { allowed, denied } = splitItems(request.topics, ({ name }) =>
      call.permits('topic', Operation.Describe, name),
    )
    if (denied.length === 0) return forward()
    const refusals = denied.map(refusedTopic)
    if (allowed.length === 0) return answer({ ...defaultListOffsetsResponse(), topics: refusals })
    return forwardInstead<ListOffsetsRequest, ListOffsetsResponse>({ ...request, topics: allowed }, (response) => {
      response.topics = withRefusals(response.topics, refusals, ({ name }) => name)
    })
  },
})

function refusedTopic({
  name,
  partitions,
}: ListOffsetsRequestListOffsetsTopic): ListOffsetsResponseListOffsetsTopicResponse {
  const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  const refused = partitions.map(({ partitionIndex }) => ({
    ...defaultListOffsetsResponseListOffsetsPartitionResponse(),
    partitionIndex,
    errorCode,
  }))
  return { name, partitions: refused }
}
