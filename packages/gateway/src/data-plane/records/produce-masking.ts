import {
  defaultProduceResponsePartitionProduceResponse,
  ErrorCode,
  type ProduceRequestPartitionProduceData,
  type ProduceRequestTopicProduceData,
  type ProduceResponsePartitionProduceResponse,
  type ProduceResponseTopicProduceResponse,
} from '@headgate/wire'
import type { Call } from '../call.ts'
import type { CompiledMask } from './compiled-mask.ts'
import { MaskBudget } from './mask-budget.ts'
import { beginMasking, driveInSlices } from './mask-record-set.ts'
import type { MaskWork } from './mask-step.ts'
import type { RecordRefusal } from './masked-record-set.ts'

const FIRST_VERSION_WITH_MESSAGES = 8

/** A topic of a Produce request. */
export type ProduceTopic = Omit<ProduceRequestTopicProduceData, 'partitionData'> & {
  partitions: ProduceRequestPartitionProduceData[]
}

/** The masks of partitions of a request, by the request's own objects. */
export type ProduceMasks = Map<ProduceRequestPartitionProduceData, ProduceMask>

/** What the records of a partition go through before the broker sees them. */
export interface ProduceMask {
  readonly topicName: string
  readonly mask: CompiledMask
}

/** What is left of a request. */
export interface MaskedProduce {
  readonly topics: readonly ProduceTopic[]
  readonly refusals: ProduceResponseTopicProduceResponse[]
  /** Whether records were changed. */
  readonly isChanged: boolean
}

/**
 * Masks what a client writes before the broker sees it. Counts, sequences and order of records stay, so that producers that
 * are idempotent or in a transaction notice nothing; a partition with a record that cannot be masked is refused whole.
 */
export function maskProduce(
  call: Call,
  topics: readonly ProduceTopic[],
  masks: ProduceMasks,
): MaskedProduce | Promise<MaskedProduce> {
  return driveInSlices(maskTopics(call, topics, masks))
}

function* maskTopics(call: Call, topics: readonly ProduceTopic[], masks: ProduceMasks): MaskWork<MaskedProduce> {
  const budget = new MaskBudget({ maxInflatedBytes: Number.POSITIVE_INFINITY })
  const kept: ProduceTopic[] = []
  const refusals: ProduceResponseTopicProduceResponse[] = []
  let isChanged = false
  for (const { partitions, ...topic } of topics) {
    const allowed: ProduceRequestPartitionProduceData[] = []
    const partitionResponses: ProduceResponsePartitionProduceResponse[] = []
    for (const partition of partitions) {
      const masked = yield* maskPartition(call, partition, masks.get(partition), budget)
      if ('errorCode' in masked) partitionResponses.push(masked)
      else allowed.push(masked)
      if (masked !== partition) isChanged = true
    }
    if (allowed.length > 0) kept.push({ ...topic, partitions: allowed })
    if (partitionResponses.length > 0) refusals.push({ name: topic.name, topicId: topic.topicId, partitionResponses })
  }
  return { topics: kept, refusals, isChanged }
}

function* maskPartition(
  call: Call,
  partition: ProduceRequestPartitionProduceData,
  produceMask: ProduceMask | undefined,
  budget: MaskBudget,
): MaskWork<ProduceRequestPartitionProduceData | ProduceResponsePartitionProduceResponse> {
  const { records, index } = partition
  if (produceMask === undefined || records === null) return partition
  const { mask, topicName } = produceMask
  const result = yield* beginMasking(records, { mask, fetchOffset: 0n, form: 'refusal', budget })
  call.masked('write', topicName, index, result)
  const { refusal, cutAt } = result
  if (refusal !== undefined) return refused(call, index, refusal)
  // The end of a set that nobody can read: a broker would refuse it as well.
  if (cutAt !== undefined) return refused(call, index, { recordIndex: undefined, reason: 'batch-unreadable' })
  return result.records === records ? partition : { ...partition, records: result.records }
}

/** A broken checksum is told as the broker tells it, so that the client sends the records again. */
function refused(
  { apiVersion }: Call,
  index: number,
  { recordIndex, reason }: RecordRefusal,
): ProduceResponsePartitionProduceResponse {
  const errorCode = reason === 'batch-corrupt' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.INVALID_RECORD
  const refusal = { ...defaultProduceResponsePartitionProduceResponse(), index, errorCode, baseOffset: -1n }
  if (apiVersion < FIRST_VERSION_WITH_MESSAGES) return refusal
  const message = `records here are masked, and this cannot be: ${reason}`
  const recordErrors = recordIndex === undefined ? [] : [{ batchIndex: recordIndex, batchIndexErrorMessage: message }]
  return { ...refusal, recordErrors, errorMessage: message }
}
