import { Operation } from '@headgate/policy'
import {
  defaultOffsetCommitResponse,
  ErrorCode,
  type OffsetCommitRequest,
  type OffsetCommitRequestTopic,
  type OffsetCommitResponse,
  type OffsetCommitResponseTopic,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusedPartitions } from './refusals.ts'
import { splitTopics } from './request-split.ts'

/** OffsetCommit: Read on the group, and Read on each partition. Version 10 names topics by id; 9 is the last one offered. */
export const offsetCommit: AnyApi = defineApi<OffsetCommitRequest, OffsetCommitResponse>({
  apiKey: 8,
  minVersion: 2,
  maxVersion: 9,
  decide(call, request) {
    if (!call.permits('group', Operation.Read, request.groupId)) {
      return answer({
        ...defaultOffsetCommitResponse(),
        topics: refused(request.topics, ErrorCode.GROUP_AUTHORIZATION_FAILED),
      })
    }
    const { allowed, denied } = splitTopics(request.topics, (topic, { partitionIndex }) =>
      call.permits('topic', Operation.Read, topic.name, partitionIndex),
    )
    if (denied.length === 0) return forward()
    const refusals = refused(denied, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    if (allowed.length === 0) return answer({ ...defaultOffsetCommitResponse(), topics: refusals })
    return forwardInstead<OffsetCommitRequest, OffsetCommitResponse>({ ...request, topics: allowed }, (response) => {
      response.topics = withRefusedPartitions(response.topics, refusals)
    })
  },
})

function refused(topics: readonly OffsetCommitRequestTopic[], errorCode: number): OffsetCommitResponseTopic[] {
  return topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
}
