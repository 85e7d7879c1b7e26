import { type Effect, Operation } from '@headgate/policy'
import {
  defaultFetchResponse,
  defaultFetchResponsePartitionData,
  ErrorCode,
  type FetchRequest,
  type FetchRequestFetchPartition,
  type FetchRequestFetchTopic,
  type FetchResponse,
  type FetchResponseFetchableTopicResponse,
  type FetchResponsePartitionData,
} from '@headgate/wire'
import {
  type AnyApi,
  answer,
  close,
  defineApi,
  forwardInstead,
  forwardPatched,
  type Int32Patch,
  type Verdict,
  waitThenAnswer,
} from '../api.ts'
import { auditFetch } from '../audit/fetch-audit.ts'
import type { Call } from '../call.ts'
import { FetchMasking } from '../records/fetch-masking.ts'

const FIRST_VERSION_WITH_IDS = 13
const FIRST_VERSION_WITH_SESSIONS = 7
const FIRST_VERSION_WITHOUT_REPLICA_ID = 15
const NO_SESSION = -1
/** A broker takes nothing else from a connection while it keeps a fetch waiting, nor does it let one be called off. */
const MAX_WAIT_BESIDE_HELD_MS = 500
const NO_RECORDS = Buffer.alloc(0)

type FetchVerdict = Verdict<FetchRequest, FetchResponse>

/**
 * Fetch: Read on the topic and partition, asked again for every partition of every request.
 *
 * Sessions (KIP-227) are not offered: each fetch goes out as a full one outside of any session, so that no data arrives
 * for a partition that the request did not name. Version 16 puts broker addresses behind the records, where only a
 * whole answer could be mended; 15 is the last one offered.
 */
export const fetch: AnyApi = defineApi<FetchRequest, FetchResponse>({
  apiKey: 1,
  minVersion: 4,
  maxVersion: 15,
  parks: true,
  atSessionEnd: emptyAnswer,
  decide(call, request) {
    if (isFollower(request)) return close('a fetch in the name of a replica')
    if (request.sessionId !== 0) return answer(refusal(ErrorCode.FETCH_SESSION_ID_NOT_FOUND))
    if (call.apiVersion < FIRST_VERSION_WITH_IDS || hasKnownTopics(call, request)) return decideFetch(call, request)
    return call.cluster
      .resolveTopicIds(request.topics.map(({ topicId }) => topicId))
      .then(() => decideFetch(call, request))
  },
})

function refusal(errorCode: number): FetchResponse {
  return { ...defaultFetchResponse(), errorCode }
}

function isFollower(request: FetchRequest): boolean {
  return request.replicaId >= 0 || request.replicaState.replicaId >= 0
}

function hasKnownTopics(call: Call, request: FetchRequest): boolean {
  return request.topics.every(({ topicId }) => call.topicName(topicId) !== undefined)
}

function decideFetch(call: Call, request: FetchRequest): FetchVerdict {
  return auditFetch(call, request, splitFetch(call, request))
}

function splitFetch(call: Call, request: FetchRequest): FetchVerdict {
  const masking = new FetchMasking(call)
  const sides: Sides = { readable: [], held: [], denied: [], masking }
  for (const topic of request.topics) splitTopic(call, topic, sides)
  const { readable, held, denied } = sides
  const maxWaitMs = Math.max(0, Math.floor(Math.min(request.maxWaitMs, call.waitBudgetMs)))
  const hasForgotten = request.forgottenTopicsData.length > 0
  // INVARIANT: an answer by a right that ends is handed on whole or not at all. In pieces, the end of the right would have to
  // cut the connection whenever it came between two of them, and a broker sends its records in pieces.
  const whole = call.validUntilUnixMs === Number.POSITIVE_INFINITY ? null : keepAsIs
  const mask = masking.isNeeded ? (response: FetchResponse): unknown => masking.apply(response) : whole
  if (denied.length === 0 && held.length === 0 && !hasForgotten && !masking.asksElsewhere)
    return forwardPatched(patches(call, request, maxWaitMs), mask)
  const added = [...denied, ...held]
  if (readable.length === 0 && added.length > 0) {
    const response = { ...defaultFetchResponse(), responses: added }
    return denied.length > 0 ? answer(response) : waitThenAnswer(response, maxWaitMs)
  }
  const topics = masking.asksElsewhere ? masking.topics(readable) : readable
  // What is held is woken by a change of rights; the fetch that follows must not stand behind one that still waits.
  const brokerWaitMs = held.length > 0 ? Math.min(maxWaitMs, MAX_WAIT_BESIDE_HELD_MS) : maxWaitMs
  const allowed = {
    ...request,
    topics,
    maxWaitMs: brokerWaitMs,
    sessionEpoch: NO_SESSION,
    forgottenTopicsData: [],
  }
  return {
    ...forwardInstead<FetchRequest, FetchResponse>(allowed, (response) => {
      merge(response, readable, added)
      const masked = masking.isNeeded && masking.apply(response)
      return masked instanceof Promise ? masked.then((encoded) => encoded || true) : masked || true
    }),
    isHolding: held.length > 0,
  }
}

const keepAsIs = (): boolean => false

/** What becomes of the topics of a fetch: asked of the broker, answered as if nothing were there yet, or refused. */
interface Sides {
  readonly readable: FetchRequestFetchTopic[]
  readonly held: FetchResponseFetchableTopicResponse[]
  readonly denied: FetchResponseFetchableTopicResponse[]
  readonly masking: FetchMasking
}

/** Puts a topic's partitions on the side where they belong. */
function splitTopic(call: Call, topic: FetchRequestFetchTopic, sides: Sides): void {
  const hasIds = call.apiVersion >= FIRST_VERSION_WITH_IDS
  const name = hasIds ? call.topicName(topic.topicId) : topic.topic
  if (name === undefined) {
    sides.denied.push(refusedTopic(topic, topic.partitions, ErrorCode.UNKNOWN_TOPIC_ID))
    return
  }
  const byEffect: Record<Effect, FetchRequestFetchPartition[]> = { allow: [], hold: [], deny: [] }
  for (const partition of topic.partitions) {
    const judgement = call.judge(Operation.Read, name, partition.partition)
    byEffect[judgement.effect].push(partition)
    if (judgement.effect === 'allow') sides.masking.add(topic, name, partition, judgement)
  }
  const { allow, hold, deny } = byEffect
  if (allow.length > 0) sides.readable.push({ ...topic, partitions: allow })
  if (hold.length > 0) sides.held.push(heldTopic(topic, hold))
  if (deny.length > 0) sides.denied.push(refusedTopic(topic, deny, ErrorCode.TOPIC_AUTHORIZATION_FAILED))
}

/** INVARIANT: the high watermark is the offset that was asked for, so that the client waits in place, with no lag and no error. */
function heldTopic(
  { topic, topicId }: FetchRequestFetchTopic,
  partitions: readonly FetchRequestFetchPartition[],
): FetchResponseFetchableTopicResponse {
  return {
    topic,
    topicId,
    partitions: partitions.map(({ partition, fetchOffset }) => emptyPartition(partition, ErrorCode.NONE, fetchOffset)),
  }
}

function refusedTopic(
  topic: FetchRequestFetchTopic,
  partitions: readonly FetchRequestFetchPartition[],
  errorCode: number,
): FetchResponseFetchableTopicResponse {
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    partitions: partitions.map(({ partition }) => emptyPartition(partition, errorCode, -1n)),
  }
}

function emptyPartition(partitionIndex: number, errorCode: number, highWatermark: bigint): FetchResponsePartitionData {
  return { ...defaultFetchResponsePartitionData(), partitionIndex, errorCode, highWatermark, records: NO_RECORDS }
}

/** Keeps what the broker answered for allowed partitions, and adds the refused ones. */
function merge(
  response: FetchResponse,
  allowed: readonly FetchRequestFetchTopic[],
  denied: readonly FetchResponseFetchableTopicResponse[],
): void {
  const readable = new Set(
    allowed.flatMap((topic) => topic.partitions.map(({ partition }) => `${topic.topicId} ${topic.topic} ${partition}`)),
  )
  const kept = response.responses.map((topic) => ({
    ...topic,
    partitions: topic.partitions.filter(({ partitionIndex }) =>
      readable.has(`${topic.topicId} ${topic.topic} ${partitionIndex}`),
    ),
  }))
  response.responses = [...kept.filter(({ partitions }) => partitions.length > 0), ...denied]
}

/** Takes the fetch out of any session and clamps its wait, in the client's own bytes. */
function patches(call: Call, request: FetchRequest, maxWaitMs: number): readonly Int32Patch[] {
  const maxWaitOffset = call.apiVersion >= FIRST_VERSION_WITHOUT_REPLICA_ID ? 0 : 4
  const epochOffset = maxWaitOffset + 17
  const changes: Int32Patch[] = []
  if (maxWaitMs !== request.maxWaitMs) changes.push({ bodyOffset: maxWaitOffset, value: maxWaitMs })
  if (call.apiVersion >= FIRST_VERSION_WITH_SESSIONS && request.sessionEpoch !== NO_SESSION)
    changes.push({ bodyOffset: epochOffset, value: NO_SESSION })
  return changes
}

/** What a fetch gets that is parked when its session ends: nothing new, in the place where it stands. */
function emptyAnswer(request: FetchRequest): FetchResponse {
  return { ...defaultFetchResponse(), responses: request.topics.map((topic) => heldTopic(topic, topic.partitions)) }
}
