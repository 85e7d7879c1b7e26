import { Operation } from '@headgate/policy'
import {
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  ErrorCode,
  type ProduceRequest,
  type ProduceResponse,
  type ProduceResponseTopicProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { type AnswerEdit, answer, close, type ForwardVerdict, forwardInstead, type Verdict } from '../api.ts'
import { addRefusals } from '../apis/produce-refusals.ts'
import type { Call } from '../call.ts'
import type { AccessPlace } from './access-place.ts'
import { visitBatches } from './batch-fact.ts'
import { addSent, type SentRecords, SentRequest } from './sent-records.ts'

const FIRST_VERSION_WITH_MESSAGES = 8

type ProduceVerdict = Verdict<ProduceRequest, ProduceResponse>
type ForwardedProduce = ForwardVerdict<ProduceRequest, ProduceResponse>

/** Puts what a produce sends on record: before it is sent, where that is wanted, and what became of it. */
export function auditProduce(
  call: Call,
  request: ProduceRequest,
  verdict: ProduceVerdict,
): ProduceVerdict | Promise<ProduceVerdict> {
  const { access } = call
  if (verdict.kind !== 'forward' || !(access.keepsTrail || call.mustRecord)) return verdict
  const sent = sentBy(call, verdict.request ?? request)
  const required = sent.partitions.filter(({ place }) => place.judgement.obligations?.audit === 'required')
  if (required.length === 0) return withOutcome(call, verdict, sent)
  const intents = required.map((records) => {
    const event = access.writeIntent(records)
    records.intent = event.intent
    return event
  })
  return access.record(intents).then(
    () => withOutcome(call, verdict, sent),
    () => withoutUnrecorded(call, request, verdict, sent, required),
  )
}

/** Where in a request, or in its answer, a partition stands; `judgement` is what lets it through. */
export function writtenPlace(call: Call, topicName: string, topicId: string, partition: number): AccessPlace {
  const isNamed = topicId === ZERO_UUID
  const topic = isNamed ? topicName : (call.topicName(topicId) ?? topicId)
  const judgement = call.foresee(Operation.Write, topic, partition)
  return { request: call.accessRequest, topic, topicId: isNamed ? undefined : topicId, partition, judgement }
}

/** An edit of the broker's answer that tells first what became of the records. */
export function telling(
  call: Call,
  sent: SentRequest,
  edit: AnswerEdit<ProduceResponse> | null,
): AnswerEdit<ProduceResponse> {
  return (response) => {
    for (const { name, topicId, partitionResponses } of response.responses) {
      for (const { index, errorCode, baseOffset } of partitionResponses) {
        const records = sent.find(name, topicId, index)
        if (records !== undefined) call.access.answered(records, errorCode, baseOffset)
      }
    }
    call.access.settled(sent)
    return edit === null ? false : edit(response)
  }
}

function sentBy(call: Call, { topicData }: ProduceRequest): SentRequest {
  const sent = new SentRequest()
  for (const { name, topicId, partitionData } of topicData) {
    for (const { index, records } of partitionData) {
      const place = writtenPlace(call, name, topicId, index)
      const begun = sent.begin(place, call.maskingOf(place.topic, index))
      visitBatches(records, (head) => addSent(begun, head))
    }
  }
  return sent
}

function withOutcome(call: Call, verdict: ForwardedProduce, sent: SentRequest): ForwardedProduce {
  const { access } = call
  const intents = sent.partitions.flatMap(({ intent }) => intent ?? [])
  const onDropped = (): void => access.void('write', intents, 'not-sent')
  if (verdict.isUnanswered === true) return { ...verdict, onSent: () => access.sentUnanswered(sent), onDropped }
  return { ...verdict, onSent: () => access.sent(sent), onDropped, edit: telling(call, sent, verdict.edit) }
}

/** What is not on record is not sent. It is refused with an error that clients take for trouble at the broker: they try again. */
function withoutUnrecorded(
  call: Call,
  request: ProduceRequest,
  verdict: ForwardedProduce,
  sent: SentRequest,
  unrecorded: readonly SentRecords[],
): ProduceVerdict {
  if (request.acks === 0) return close('a produce without acknowledgement that cannot be put on record')
  const asked = verdict.request ?? request
  const refusals: ProduceResponseTopicProduceResponse[] = []
  const topicData: ProduceRequest['topicData'] = []
  for (const { partitionData, ...topic } of asked.topicData) {
    const isRefused = ({ index }: { readonly index: number }): boolean => {
      const records = sent.find(topic.name, topic.topicId, index)
      return records !== undefined && unrecorded.includes(records)
    }
    const partitionResponses = partitionData.filter(isRefused).map(({ index }) => refusal(call, index))
    const kept = partitionData.filter((partition) => !isRefused(partition))
    if (partitionResponses.length > 0) refusals.push({ name: topic.name, topicId: topic.topicId, partitionResponses })
    if (kept.length > 0) topicData.push({ ...topic, partitionData: kept })
  }
  const edit: AnswerEdit<ProduceResponse> = (response) => {
    verdict.edit?.(response)
    addRefusals(response.responses, refusals)
  }
  if (topicData.length > 0) {
    const rest = { ...asked, topicData }
    return withOutcome(call, forwardInstead<ProduceRequest, ProduceResponse>(rest, edit), sentBy(call, rest))
  }
  const response = defaultProduceResponse()
  edit(response)
  return answer(response)
}

function refusal(call: Call, index: number): ProduceResponseTopicProduceResponse['partitionResponses'][number] {
  const refused = { ...defaultProduceResponsePartitionProduceResponse(), index, baseOffset: -1n }
  const errorCode = ErrorCode.KAFKA_STORAGE_ERROR
  if (call.apiVersion < FIRST_VERSION_WITH_MESSAGES) return { ...refused, errorCode }
  return {
    ...refused,
    errorCode,
    errorMessage: 'writing here must be on record, and the audit trail cannot be written now',
  }
}
