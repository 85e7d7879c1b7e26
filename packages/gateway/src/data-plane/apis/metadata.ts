import { CLUSTER_NAME } from '@headgate/policy'
import {
  defaultMetadataRequest,
  defaultMetadataRequestTopic,
  defaultMetadataResponse,
  defaultMetadataResponseTopic,
  ErrorCode,
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponse,
  type MetadataResponsePartition,
  type MetadataResponseTopic,
  ZERO_UUID,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead, type Verdict } from '../api.ts'
import type { Call } from '../call.ts'
import { NO_NODE, servedBrokers, servedController } from './broker-nodes.ts'
import { splitItems } from './request-split.ts'
import { isShown } from './shown-topics.ts'

const METADATA = 3
const FIRST_VERSION_BY_ID = 12
const MAX_AWAITED_TOPICS = 1_000

type MetadataVerdict = Verdict<MetadataRequest, MetadataResponse>

/**
 * Metadata: Describe on each topic, by name or by id; discoverable topics are shown as well. A request for all topics
 * is answered with those that are seen.
 *
 * A topic is created on the way where Create is granted for it. Where it is not granted for all that go on, none is to be
 * created by the request itself; of those that the broker then does not have, the granted ones are asked for once more. Below
 * version 4 a request cannot say that none is to be created, so 4 is the first one offered.
 */
export const metadata: AnyApi = defineApi<MetadataRequest, MetadataResponse>({
  apiKey: METADATA,
  minVersion: 4,
  maxVersion: 13,
  decide(call, request) {
    if (request.topics === null) return decideAll(call, request)
    const { topics } = request
    const topicIds = topics.map(({ topicId }) => topicId).filter((topicId) => topicId !== ZERO_UUID)
    if (call.apiVersion < FIRST_VERSION_BY_ID)
      return topicIds.length > 0 ? answer(misused(topics)) : decideNamed(call, request, topics)
    if (topicIds.every((topicId) => call.cluster.topicName(topicId) !== undefined))
      return decideNamed(call, request, topics)
    return call.cluster.resolveTopicIds(topicIds).then(() => decideNamed(call, request, topics))
  },
})

function decideAll(call: Call, request: MetadataRequest): MetadataVerdict {
  const edit = (response: MetadataResponse): void => editAnswer(call, response, [], (name) => call.sees(name))
  return request.allowAutoTopicCreation
    ? forwardInstead({ ...request, allowAutoTopicCreation: false }, edit)
    : forward(edit)
}

function decideNamed(call: Call, request: MetadataRequest, topics: readonly MetadataRequestTopic[]): MetadataVerdict {
  // A topic that is named twice is told once, as Kafka does.
  const refused = new Map<string, MetadataResponseTopic>()
  const { allowed } = splitItems(topics, (topic) => {
    const errorCode = refusalOf(call, topic)
    if (errorCode !== ErrorCode.NONE) addRefusal(refused, refusedTopic(topic, errorCode))
    return errorCode === ErrorCode.NONE
  })
  const refusals = [...refused.values()]
  const allowAutoTopicCreation = request.allowAutoTopicCreation && allowed.every((topic) => mayCreate(call, topic))
  const edit = (response: MetadataResponse): void => {
    noteCreations(call, response, request.allowAutoTopicCreation)
    if (request.allowAutoTopicCreation && !allowAutoTopicCreation) createMissing(call, response)
    editAnswer(call, response, refusals, (name) => call.knows(name))
  }
  if (refusals.length === 0 && allowAutoTopicCreation === request.allowAutoTopicCreation) return forward(edit)
  // With nothing left the broker is still asked, for its brokers: an empty list is no topic.
  return forwardInstead({ ...request, topics: allowed, allowAutoTopicCreation }, edit)
}

/** The code for a topic that is refused; a name and an id given together are both looked at. */
function refusalOf(call: Call, { name, topicId }: MetadataRequestTopic): number {
  if (topicId !== ZERO_UUID) {
    const known = call.cluster.topicName(topicId)
    if (known === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
    if (!isShown(call, known)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  return name === null || isShown(call, name) ? ErrorCode.NONE : ErrorCode.TOPIC_AUTHORIZATION_FAILED
}

/** An id creates nothing. */
function mayCreate(call: Call, { name }: MetadataRequestTopic): boolean {
  return name === null || call.canCreate(name)
}

/**
 * A broker that creates topics on the way says first that there is none, and shows it when it is asked again: then it was
 * created, and not before.
 */
function noteCreations(call: Call, { topics }: MetadataResponse, wantsCreation: boolean): void {
  const { awaitedTopics } = call.state
  for (const { name, errorCode } of topics) {
    if (name === null) continue
    if (errorCode === ErrorCode.NONE && awaitedTopics.delete(name)) call.created(name)
    const isAwaited = errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || errorCode === ErrorCode.LEADER_NOT_AVAILABLE
    const hasRoom = awaitedTopics.size < MAX_AWAITED_TOPICS
    if (wantsCreation && isAwaited && hasRoom && call.canCreate(name)) awaitedTopics.add(name)
  }
}

/**
 * Asks once more for topics that are not there and may be created, and for nothing else. What the client is told is what a
 * broker tells of a topic that it has begun to create.
 */
function createMissing(call: Call, { topics }: MetadataResponse): void {
  const missing = topics.filter(
    ({ name, errorCode }) =>
      name !== null && errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && call.canCreate(name),
  )
  if (missing.length === 0) return
  const named = missing.map(({ name }) => ({ ...defaultMetadataRequestTopic(), name }))
  call.alsoSend(METADATA, { ...defaultMetadataRequest(), topics: named, allowAutoTopicCreation: true })
}

/** A refused topic looks like one that does not exist: no id where it was named, no name where an id was given. */
function refusedTopic({ name, topicId }: MetadataRequestTopic, errorCode: number): MetadataResponseTopic {
  return { ...defaultMetadataResponseTopic(), errorCode, name: topicId === ZERO_UUID ? name : null, topicId }
}

/** By its id where one was given, and by its name otherwise. */
function addRefusal(refused: Map<string, MetadataResponseTopic>, topic: MetadataResponseTopic): void {
  const key = topic.topicId === ZERO_UUID ? `${ZERO_UUID} ${topic.name}` : topic.topicId
  if (!refused.has(key)) refused.set(key, topic)
}

/** Ids before the version that has them, which Kafka calls an invalid request. */
function misused(topics: readonly MetadataRequestTopic[]): MetadataResponse {
  const refused = topics.map(({ name }) => ({
    ...defaultMetadataResponseTopic(),
    name: name ?? '',
    errorCode: ErrorCode.INVALID_REQUEST,
  }))
  return { ...defaultMetadataResponse(), topics: refused }
}

function editAnswer(
  call: Call,
  response: MetadataResponse,
  refusals: readonly MetadataResponseTopic[],
  shows: (topicName: string) => boolean,
): void {
  for (const topic of response.topics)
    if (topic.errorCode === ErrorCode.NONE) call.cluster.learnTopic(topic.name, topic.topicId)
  response.brokers = servedBrokers(call, response.brokers, ({ nodeId }) => nodeId)
  response.controllerId = servedController(
    call,
    response.controllerId,
    response.brokers.map(({ nodeId }) => nodeId),
  )
  response.clusterAuthorizedOperations = call.authorizedOperations(
    'cluster',
    CLUSTER_NAME,
    response.clusterAuthorizedOperations,
  )
  const shown = response.topics.filter(({ name }) => name === null || shows(name))
  for (const topic of shown) editTopic(call, topic)
  response.topics = [...shown, ...refusals]
}

function editTopic(call: Call, topic: MetadataResponseTopic): void {
  for (const partition of topic.partitions) withoutUnservedLeader(call, partition)
  topic.topicAuthorizedOperations = call.authorizedOperations(
    'topic',
    topic.name ?? '',
    topic.topicAuthorizedOperations,
  )
}

/** A leader that no client can reach is one that is not there for the time being. */
function withoutUnservedLeader(call: Call, partition: MetadataResponsePartition): void {
  if (partition.leaderId === NO_NODE.nodeId || call.addressOf(partition.leaderId) !== undefined) return
  partition.leaderId = NO_NODE.nodeId
  if (partition.errorCode === ErrorCode.NONE) partition.errorCode = ErrorCode.LEADER_NOT_AVAILABLE
}
