import { Operation } from '@headgate/policy'
import {
  type DeleteRecordsRequest,
  type DeleteRecordsRequestDeleteRecordsTopic,
  type DeleteRecordsResponse,
  type DeleteRecordsResponseDeleteRecordsTopicResult,
  defaultDeleteRecordsResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** DeleteRecords: Delete on each topic. */
export const deleteRecords: AnyApi = defineApi<DeleteRecordsRequest, DeleteRecordsResponse>({
  apiKey: 21,
  minVersion: 0,
  maxVersion: 2,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.topics, ({ name }) => call.permits('topic', Operation.Delete, name))
    if (denied.length === 0) return forward()
    const refusals = denied.map(refusedTopic)
    if (allowed.length === 0) return answer({ ...defaultDeleteRecordsResponse(), topics: refusals })
    return forwardInstead<DeleteRecordsRequest, DeleteRecordsResponse>({ ...request, topics: allowed }, (response) => {
      response.topics = withRefusals(response.topics, refusals, ({ name }) => name)
    })
  },
})

function refusedTopic({
  name,
  partitions,
}: DeleteRecordsRequestDeleteRecordsTopic): DeleteRecordsResponseDeleteRecordsTopicResult {
  const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  return {
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1n, errorCode })),
  }
}
