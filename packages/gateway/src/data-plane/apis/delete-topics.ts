import { Operation } from '@headgate/policy'
import {
  type DeleteTopicsRequest,
  type DeleteTopicsRequestDeleteTopicState,
  type DeleteTopicsResponse,
  type DeleteTopicsResponseDeletableTopicResult,
  defaultDeleteTopicsResponse,
  defaultDeleteTopicsResponseDeletableTopicResult,
  ErrorCode,
  ZERO_UUID,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead, type Verdict } from '../api.ts'
import type { Call } from '../call.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

const FIRST_VERSION_BY_ID = 6

type DeleteTopicsVerdict = Verdict<DeleteTopicsRequest, DeleteTopicsResponse>

/** DeleteTopics: Delete on each topic, by name or by id. */
export const deleteTopics: AnyApi = defineApi<DeleteTopicsRequest, DeleteTopicsResponse>({
  apiKey: 20,
  minVersion: 1,
  maxVersion: 6,
  decide(call, request) {
    if (call.apiVersion < FIRST_VERSION_BY_ID) return decideNames(call, request)
    const topicIds = request.topics.map(({ topicId }) => topicId).filter((topicId) => topicId !== ZERO_UUID)
    if (topicIds.every((topicId) => call.cluster.topicName(topicId) !== undefined)) return decideTopics(call, request)
    return call.cluster.resolveTopicIds(topicIds).then(() => decideTopics(call, request))
  },
})

function decideNames(call: Call, request: DeleteTopicsRequest): DeleteTopicsVerdict {
  const { allowed, denied } = splitItems(request.topicNames, (name) => call.permits('topic', Operation.Delete, name))
  const refusals = denied.map((name) => refusedTopic(name, ZERO_UUID, ErrorCode.TOPIC_AUTHORIZATION_FAILED))
  return verdict(refusals, allowed.length, { ...request, topicNames: allowed })
}

function decideTopics(call: Call, request: DeleteTopicsRequest): DeleteTopicsVerdict {
  const refusals: DeleteTopicsResponseDeletableTopicResult[] = []
  const topics = request.topics.filter((topic) => {
    const errorCode = refusalOf(call, topic)
    if (errorCode !== ErrorCode.NONE) refusals.push(refusedTopic(shownName(call, topic), topic.topicId, errorCode))
    return errorCode === ErrorCode.NONE
  })
  return verdict(refusals, topics.length, { ...request, topics })
}

/** The code for a topic that is refused; a name and an id given together are both looked at. */
function refusalOf(call: Call, { name, topicId }: DeleteTopicsRequestDeleteTopicState): number {
  if (topicId !== ZERO_UUID) {
    const known = call.cluster.topicName(topicId)
    if (known === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
    if (!call.permits('topic', Operation.Delete, known)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  const isPermitted = name === null || call.permits('topic', Operation.Delete, name)
  return isPermitted ? ErrorCode.NONE : ErrorCode.TOPIC_AUTHORIZATION_FAILED
}

/** By id a refused topic has a name only where it is seen. */
function shownName(call: Call, { name, topicId }: DeleteTopicsRequestDeleteTopicState): string | null {
  if (topicId === ZERO_UUID) return name
  const known = call.cluster.topicName(topicId)
  return known !== undefined && call.sees(known) ? known : null
}

function refusedTopic(
  name: string | null,
  topicId: string,
  errorCode: number,
): DeleteTopicsResponseDeletableTopicResult {
  return { ...defaultDeleteTopicsResponseDeletableTopicResult(), name, topicId, errorCode }
}

function verdict(
  refusals: readonly DeleteTopicsResponseDeletableTopicResult[],
  allowedCount: number,
  rest: DeleteTopicsRequest,
): DeleteTopicsVerdict {
  if (refusals.length === 0) return forward()
  if (allowedCount === 0) return answer({ ...defaultDeleteTopicsResponse(), responses: [...refusals] })
  return forwardInstead<DeleteTopicsRequest, DeleteTopicsResponse>(rest, (response) => {
    response.responses = withRefusals(response.responses, refusals, ({ name, topicId }) =>
      topicId === ZERO_UUID ? name : topicId,
    )
  })
}
