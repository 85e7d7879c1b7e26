import { Operation } from '@headgate/policy'
import {
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnRequestAddPartitionsToTxnTopic,
  type AddPartitionsToTxnResponse,
  defaultAddPartitionsToTxnResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import type { Call } from '../call.ts'
import { keepHold } from './transaction-hold.ts'

type Topic = AddPartitionsToTxnRequestAddPartitionsToTxnTopic

/**
 * AddPartitionsToTxn: Write on the transactional id, and on each partition. It stays atomic: where one partition is
 * refused, the others are not attempted.
 *
 * Versions 4 and up are a batch between brokers, which needs ClusterAction; 3 is the last one offered.
 */
export const addPartitionsToTxn: AnyApi = defineApi<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>({
  apiKey: 24,
  minVersion: 0,
  maxVersion: 3,
  decide(call, request) {
    const topics = request.v3AndBelowTopics
    const transactionalId = request.v3AndBelowTransactionalId
    if (!call.permits('transactional-id', Operation.Write, transactionalId)) {
      return answer(results(topics, () => ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    }
    const denied = new Set<string>()
    for (const { name, partitions } of topics) {
      for (const partition of partitions) {
        if (!call.permits('topic', Operation.Write, name, partition)) denied.add(`${partition} ${name}`)
      }
    }
    if (denied.size === 0) return forward((response) => keepHoldOf(call, request, response))
    const codeOf = (name: string, partition: number): number =>
      denied.has(`${partition} ${name}`) ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : ErrorCode.OPERATION_NOT_ATTEMPTED
    return answer(results(topics, codeOf))
  },
})

/** A transaction that took its partitions is held by this connection, also when another one initialised its id. */
function keepHoldOf(call: Call, request: AddPartitionsToTxnRequest, response: AddPartitionsToTxnResponse): false {
  const results = response.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) => resultsByPartition)
  const hold = { producerId: request.v3AndBelowProducerId, producerEpoch: request.v3AndBelowProducerEpoch }
  const isTaken = results.every(({ partitionErrorCode }) => partitionErrorCode === ErrorCode.NONE)
  if (isTaken) keepHold(call.state, request.v3AndBelowTransactionalId, hold)
  return false
}

function results(
  topics: readonly Topic[],
  codeOf: (name: string, partition: number) => number,
): AddPartitionsToTxnResponse {
  const resultsByTopicV3AndBelow = topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: codeOf(name, partitionIndex),
    })),
  }))
  return { ...defaultAddPartitionsToTxnResponse(), resultsByTopicV3AndBelow }
}
