import { Operation } from '@headgate/policy'
import {
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  ErrorCode,
  type ProduceRequest,
  type ProduceResponse,
  type ProduceResponseTopicProduceResponse,
} from '@headgate/wire'
import {
  type AnswerEdit,
  type AnyApi,
  answer,
  close,
  defineApi,
  forward,
  forwardInstead,
  type Verdict,
} from '../api.ts'
import { auditProduce } from '../audit/produce-audit.ts'
import type { Call } from '../call.ts'
import type { Judgement } from '../judgement.ts'
import { type MaskedProduce, maskProduce, type ProduceMasks, type ProduceTopic } from '../records/produce-masking.ts'
import { rewriteNodeEndpoints } from './broker-nodes.ts'
import { addRefusals } from './produce-refusals.ts'
import { splitTopics } from './request-split.ts'

const FIRST_VERSION_WITH_IDS = 13
const FIRST_VERSION_WITH_ENDPOINTS = 10
const FIRST_VERSION_WITH_MESSAGES = 8
const NONE_HELD: ReadonlyMap<string, Judgement> = new Map()

type ProduceVerdict = Verdict<ProduceRequest, ProduceResponse>

/**
 * Produce: Write on the topic and partition, and on the transactional id when there is one.
 *
 * A refusal of a request without acknowledgement ends the connection, as Kafka does, so that the producer notices.
 * Version 12 adds partitions to a transaction by itself: what AddPartitionsToTxn would ask is asked here in any version.
 */
export const produce: AnyApi = defineApi<ProduceRequest, ProduceResponse>({
  apiKey: 0,
  minVersion: 3,
  maxVersion: 13,
  decide(call, request) {
    if (call.apiVersion < FIRST_VERSION_WITH_IDS) return decideOnRecord(call, request)
    const topicIds = request.topicData.map(({ topicId }) => topicId)
    if (topicIds.every((topicId) => call.topicName(topicId) !== undefined)) return decideOnRecord(call, request)
    return call.cluster.resolveTopicIds(topicIds).then(() => decideOnRecord(call, request))
  },
})

function decideOnRecord(call: Call, request: ProduceRequest): ProduceVerdict | Promise<ProduceVerdict> {
  const verdict = decideProduce(call, request)
  if (!(verdict instanceof Promise)) return auditProduce(call, request, verdict)
  return verdict.then((decided) => auditProduce(call, request, decided))
}

/** Rewrites the addresses in an answer; `null` for versions that have none. */
export function produceEdit(call: Call): AnswerEdit<ProduceResponse> | null {
  return call.apiVersion < FIRST_VERSION_WITH_ENDPOINTS ? null : (response) => rewriteNodeEndpoints(call, response)
}

function decideProduce(call: Call, request: ProduceRequest): ProduceVerdict | Promise<ProduceVerdict> {
  const { transactionalId } = request
  const topics = topicsOf(request)
  if (transactionalId !== null && !call.permits('transactional-id', Operation.Write, transactionalId)) {
    return refuse(request, refused(call, topics, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
  }
  const held = new Map<string, Judgement>()
  const masks: ProduceMasks = new Map()
  const { allowed, denied } = splitTopics(topics, (topic, partition) => {
    const { index } = partition
    const name = topicName(call, topic)
    const judgement = name === undefined ? undefined : call.judge(Operation.Write, name, index)
    if (name !== undefined && judgement?.effect === 'hold') held.set(name, judgement)
    const mask = judgement?.effect === 'allow' ? call.maskOf(judgement) : undefined
    if (name !== undefined && mask !== undefined) masks.set(partition, { topicName: name, mask })
    return judgement?.effect === 'allow'
  })
  const refusals = refused(call, denied, ErrorCode.TOPIC_AUTHORIZATION_FAILED, held)
  if (masks.size === 0) return send(call, request, allowed, refusals, false)
  const finish = ({ topics: masked, refusals: withheld, isChanged }: MaskedProduce): ProduceVerdict => {
    addRefusals(refusals, withheld)
    return send(call, request, masked, refusals, isChanged)
  }
  const masked = maskProduce(call, allowed, masks)
  return masked instanceof Promise ? masked.then(finish) : finish(masked)
}

/** Sends what is allowed; what is refused is merged into the broker's answer. */
function send(
  call: Call,
  request: ProduceRequest,
  allowed: readonly ProduceTopic[],
  refusals: ProduceResponseTopicProduceResponse[],
  isChanged: boolean,
): ProduceVerdict {
  const isUnanswered = request.acks === 0
  if (refusals.length === 0 && !isChanged) return { ...forward(produceEdit(call)), isUnanswered }
  if (allowed.length === 0 || (isUnanswered && refusals.length > 0)) return refuse(request, refusals)
  const topicData = allowed.map(({ partitions, ...topic }) => ({ ...topic, partitionData: partitions }))
  const sent = forwardInstead<ProduceRequest, ProduceResponse>({ ...request, topicData }, (response) => {
    addRefusals(response.responses, refusals)
    produceEdit(call)?.(response)
  })
  return { ...sent, isUnanswered }
}

function topicsOf(request: ProduceRequest): ProduceTopic[] {
  return request.topicData.map(({ partitionData, ...topic }) => ({ ...topic, partitions: partitionData }))
}

function topicName(call: Call, topic: { readonly name: string; readonly topicId: string }): string | undefined {
  return call.apiVersion < FIRST_VERSION_WITH_IDS ? topic.name : call.topicName(topic.topicId)
}

function refuse(request: ProduceRequest, responses: ProduceResponseTopicProduceResponse[]): ProduceVerdict {
  if (request.acks === 0) return close('a refused produce without acknowledgement')
  return answer({ ...defaultProduceResponse(), responses })
}

/**
 * A refused entry names its topic as the request did: by name, or by id from version 13 on. A write is not held, for no
 * client would survive that with its records in order: it is refused, and passes when it is repeated once it is approved.
 */
function refused(
  call: Call,
  topics: readonly ProduceTopic[],
  errorCode: number,
  held: ReadonlyMap<string, Judgement> = NONE_HELD,
): ProduceResponseTopicProduceResponse[] {
  return topics.map((topic) => {
    const name = topicName(call, topic)
    const awaited = name === undefined ? undefined : held.get(name)
    const refusal =
      awaited === undefined
        ? { errorCode: name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : errorCode }
        : { errorCode: ErrorCode.POLICY_VIOLATION, errorMessage: awaitedText(call, awaited) }
    const partitionResponses = topic.partitions.map(({ index }) => ({
      ...defaultProduceResponsePartitionProduceResponse(),
      index,
      ...refusal,
      baseOffset: -1n,
    }))
    return { name: topic.name, topicId: topic.topicId, partitionResponses }
  })
}

/** Versions before 8 have no place for it. */
function awaitedText(call: Call, { asks = [] }: Judgement): string | null {
  if (call.apiVersion < FIRST_VERSION_WITH_MESSAGES) return null
  return `writing here wants an approval: ${asks.map(({ id }) => call.askUrl(id)).join(' ')}`
}
