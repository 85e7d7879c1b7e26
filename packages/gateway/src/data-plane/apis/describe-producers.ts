import { Operation } from '@headgate/policy'
import {
  type DescribeProducersRequest,
  type DescribeProducersRequestTopicRequest,
  type DescribeProducersResponse,
  type DescribeProducersResponseTopicResponse,
  defaultDescribeProducersResponse,
  defaultDescribeProducersResponsePartitionResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusedPartitions } from './refusals.ts'
import { splitTopics } from './request-split.ts'

/** DescribeProducers: Read on each partition. */
export const describeProducers: AnyApi = defineApi<DescribeProducersRequest, DescribeProducersResponse>({
  apiKey: 61,
  minVersion: 0,
  maxVersion: 0,
  decide(call, request) {
    const topics = request.topics.map(({ partitionIndexes, ...topic }) => ({ ...topic, partitions: partitionIndexes }))
    const { allowed, denied } = splitTopics(topics, ({ name }, partition) =>
      call.permits('topic', Operation.Read, name, partition),
    )
    if (denied.length === 0) return forward()
    const refusals = denied.map(({ name, partitions }) => refusedTopic({ name, partitionIndexes: partitions }))
    if (allowed.length === 0) return answer({ ...defaultDescribeProducersResponse(), topics: refusals })
    const rest = allowed.map(({ partitions, ...topic }) => ({ ...topic, partitionIndexes: partitions }))
    return forwardInstead<DescribeProducersRequest, DescribeProducersResponse>(
      { ...request, topics: rest },
      (response) => {
        response.topics = withRefusedPartitions(response.topics, refusals)
      },
    )
  },
})

function refusedTopic({
  name,
  partitionIndexes,
}: DescribeProducersRequestTopicRequest): DescribeProducersResponseTopicResponse {
  const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  const refused = partitionIndexes.map((partitionIndex) => ({
    ...defaultDescribeProducersResponsePartitionResponse(),
    partitionIndex,
    errorCode,
  }))
  return { name, partitions: refused }
}
