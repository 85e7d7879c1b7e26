import { Operation } from '@headgate/policy'
import {
  defaultOffsetDeleteResponse,
  ErrorCode,
  type OffsetDeleteRequest,
  type OffsetDeleteRequestTopic,
  type OffsetDeleteResponse,
  type OffsetDeleteResponseTopic,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusedPartitions } from './refusals.ts'
import { splitTopics } from './request-split.ts'

/** OffsetDelete: Delete on the group, and Read on each partition. */
export const offsetDelete: AnyApi = defineApi<OffsetDeleteRequest, OffsetDeleteResponse>({
  apiKey: 47,
  minVersion: 0,
  maxVersion: 0,
  decide(call, request) {
    if (!call.permits('group', Operation.Delete, request.groupId)) return answer(refusedGroup())
    const { allowed, denied } = splitTopics(request.topics, ({ name }, { partitionIndex }) =>
      call.permits('topic', Operation.Read, name, partitionIndex),
    )
    if (denied.length === 0) return forward()
    const refusals = denied.map(refusedTopic)
    if (allowed.length === 0) return answer({ ...defaultOffsetDeleteResponse(), topics: refusals })
    return forwardInstead<OffsetDeleteRequest, OffsetDeleteResponse>({ ...request, topics: allowed }, (response) => {
      response.topics = withRefusedPartitions(response.topics, refusals)
    })
  },
})

function refusedGroup(): OffsetDeleteResponse {
  return { ...defaultOffsetDeleteResponse(), errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}

function refusedTopic({ name, partitions }: OffsetDeleteRequestTopic): OffsetDeleteResponseTopic {
  const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  return { name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) }
}
