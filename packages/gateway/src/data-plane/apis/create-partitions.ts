import { Operation } from '@headgate/policy'
import {
  type CreatePartitionsRequest,
  type CreatePartitionsRequestCreatePartitionsTopic,
  type CreatePartitionsResponse,
  type CreatePartitionsResponseCreatePartitionsTopicResult,
  defaultCreatePartitionsResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** CreatePartitions: Alter on each topic. */
export const createPartitions: AnyApi = defineApi<CreatePartitionsRequest, CreatePartitionsResponse>({
  apiKey: 37,
  minVersion: 0,
  maxVersion: 3,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.topics, ({ name }) => call.permits('topic', Operation.Alter, name))
    if (denied.length === 0) return forward()
    const refusals = denied.map(refusedTopic)
    if (allowed.length === 0) return answer({ ...defaultCreatePartitionsResponse(), results: refusals })
    const rest = { ...request, topics: allowed }
    return forwardInstead<CreatePartitionsRequest, CreatePartitionsResponse>(rest, (response) => {
      response.results = withRefusals(response.results, refusals, ({ name }) => name)
    })
  },
})

function refusedTopic({
  name,
}: CreatePartitionsRequestCreatePartitionsTopic): CreatePartitionsResponseCreatePartitionsTopicResult {
  return { name, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null }
}
