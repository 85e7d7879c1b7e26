import { Operation } from '@headgate/policy'
import {
  type CreateTopicsRequest,
  type CreateTopicsRequestCreatableTopic,
  type CreateTopicsResponse,
  type CreateTopicsResponseCreatableTopicResult,
  defaultCreateTopicsResponse,
  defaultCreateTopicsResponseCreatableTopicResult,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import type { Call } from '../call.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

const FIRST_VERSION_WITH_CONFIGS = 5

/**
 * CreateTopics: Create on each topic, or on the cluster where no rule speaks of the topic. The configuration of a new topic is shown where DescribeConfigs
 * on it is granted.
 */
export const createTopics: AnyApi = defineApi<CreateTopicsRequest, CreateTopicsResponse>({
  apiKey: 19,
  minVersion: 2,
  maxVersion: 7,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.topics, ({ name }) => call.creates(name))
    const refusals = denied.map(refusedTopic)
    if (allowed.length === 0 && denied.length > 0) return answer({ ...defaultCreateTopicsResponse(), topics: refusals })
    const edit = (response: CreateTopicsResponse): void => {
      for (const topic of response.topics) editTopic(call, topic)
      response.topics = withRefusals(response.topics, refusals, ({ name }) => name)
    }
    if (denied.length > 0) return forwardInstead({ ...request, topics: allowed }, edit)
    return forward(call.apiVersion < FIRST_VERSION_WITH_CONFIGS ? null : edit)
  },
})

function refusedTopic({ name }: CreateTopicsRequestCreatableTopic): CreateTopicsResponseCreatableTopicResult {
  const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
  return {
    ...defaultCreateTopicsResponseCreatableTopicResult(),
    name,
    errorCode,
    errorMessage: 'Authorization failed.',
  }
}

function editTopic(call: Call, topic: CreateTopicsResponseCreatableTopicResult): void {
  if (topic.errorCode === ErrorCode.NONE) call.cluster.learnTopic(topic.name, topic.topicId)
  if (call.apiVersion < FIRST_VERSION_WITH_CONFIGS || call.can('topic', Operation.DescribeConfigs, topic.name)) return
  topic.numPartitions = -1
  topic.replicationFactor = -1
  topic.configs = []
  if (topic.errorCode === ErrorCode.NONE) topic.topicConfigErrorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
}
