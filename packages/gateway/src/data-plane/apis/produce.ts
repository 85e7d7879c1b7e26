import { Operation } from '@headgate/policy'
import {
  defaultProduceResponse,
  defaultProduceResponsePartition,
  ErrorCode,
  type ProduceRequest,
  type ProduceRequestTopic,
  type ProduceResponse,
  type ProduceResponseTopic,
} from '@headgate/wire'
import { answer, close, defineApi, forward, forwardInstead, type Verdict } from '../api.ts'
import type { Call } from '../call.ts'
import { rewriteNodeEndpoints } from './broker-nodes.ts'
import { splitTopics } from './topic-split.ts'

const FIRST_VERSION_WITH_IDS = 13
const FIRST_VERSION_WITH_ENDPOINTS = 10

/**
 * Produce: Write on the topic and partition, and on the transactional id when there is one.
 *
 * A refusal of a request without acknowledgement ends the connection, as Kafka does, so that the producer notices.
 * Version 12 adds partitions to a transaction by itself: what AddPartitionsToTxn would ask is asked here in any version.
 */
export const produce = defineApi<ProduceRequest, ProduceResponse>({
  apiKey: 0,
  minVersion: 3,
  maxVersion: 13,
  decide(call, request) {
    if (call.apiVersion < FIRST_VERSION_WITH_IDS) return decideProduce(call, request)
    const unknown = request.topicData.map(({ topicId }) => topicId).filter((topicId) => call.cluster.topicName(topicId) === undefined)
    return unknown.length === 0 ? decideProduce(call, request) : call.cluster.resolveTopicIds(unknown).then(() => decideProduce(call, request))
  },
})

/** Rewrites the addresses in an answer; `null` for versions that have none. */
export function produceEdit(call: Call): ((response: ProduceResponse) => boolean) | null {
  return call.apiVersion < FIRST_VERSION_WITH_ENDPOINTS ? null : (response) => rewriteNodeEndpoints(call, response)
}

function decideProduce(call: Call, request: ProduceRequest): Verdict<ProduceRequest, ProduceResponse> {
  const { transactionalId } = request
  if (transactionalId !== null && !call.permits('transactional-id', Operation.Write, transactionalId)) {
    return refuse(request, refused(call, topicsOf(request), ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
  }
  const { allowed, denied } = splitTopics(topicsOf(request), (topic, { index }) => {
    const name = topicName(call, topic)
    return name !== undefined && call.permits('topic', Operation.Write, name, index)
  })
  if (denied.length === 0) return forward(produceEdit(call))
  const refusals = refused(call, denied, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  if (allowed.length === 0 || request.acks === 0) return refuse(request, refusals)
  const rest = { ...request, topicData: allowed.map(({ partitions, ...topic }) => ({ ...topic, partitionData: partitions })) }
  return forwardInstead<ProduceRequest, ProduceResponse>(rest, (response) => {
    response.responses = [...response.responses, ...refusals]
    produceEdit(call)?.(response)
  })
}

type Topic = Omit<ProduceRequestTopic, 'partitionData'> & { partitions: ProduceRequestTopic['partitionData'] }

function topicsOf(request: ProduceRequest): Topic[] {
  return request.topicData.map(({ partitionData, ...topic }) => ({ ...topic, partitions: partitionData }))
}

function topicName(call: Call, topic: { readonly name: string; readonly topicId: string }): string | undefined {
  return call.apiVersion < FIRST_VERSION_WITH_IDS ? topic.name : call.cluster.topicName(topic.topicId)
}

function refuse(request: ProduceRequest, responses: ProduceResponseTopic[]): Verdict<never, ProduceResponse> {
  return request.acks === 0 ? close('a refused produce without acknowledgement') : answer({ ...defaultProduceResponse(), responses })
}

/** A refused entry names its topic as the request did: by name, or by id from version 13 on. */
function refused(call: Call, topics: readonly Topic[], errorCode: number): ProduceResponseTopic[] {
  return topics.map((topic) => {
    const code = topicName(call, topic) === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : errorCode
    const partitionResponses = topic.partitions.map(({ index }) => ({ ...defaultProduceResponsePartition(), index, errorCode: code, baseOffset: -1n }))
    return { name: topic.name, topicId: topic.topicId, partitionResponses }
  })
}
