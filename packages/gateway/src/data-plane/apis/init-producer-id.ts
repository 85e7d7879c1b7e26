import { CLUSTER_NAME, Operation } from '@headgate/policy'
import {
  defaultInitProducerIdResponse,
  ErrorCode,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import type { Call } from '../call.ts'
import { keepHold } from './transaction-hold.ts'

/**
 * InitProducerId: Write on the transactional id; without one, Write on any topic or IdempotentWrite on the cluster. A
 * transaction may not outlast what the gateway allows.
 */
export const initProducerId: AnyApi = defineApi<InitProducerIdRequest, InitProducerIdResponse>({
  apiKey: 22,
  minVersion: 0,
  maxVersion: 5,
  decide(call, request) {
    const { transactionalId } = request
    if (transactionalId === null)
      return mayWriteAnything(call) ? forward() : answer(refusal(ErrorCode.CLUSTER_AUTHORIZATION_FAILED))
    if (!call.permits('transactional-id', Operation.Write, transactionalId)) {
      return answer(refusal(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    }
    if (request.transactionTimeoutMs > call.maxTransactionTimeoutMs)
      return answer(refusal(ErrorCode.INVALID_TRANSACTION_TIMEOUT))
    return forward(({ errorCode, producerId, producerEpoch }) => {
      if (errorCode === ErrorCode.NONE) keepHold(call.state, transactionalId, { producerId, producerEpoch })
      return false
    })
  },
})

function mayWriteAnything(call: Call): boolean {
  return call.canOnAny('topic', Operation.Write) || call.permits('cluster', Operation.IdempotentWrite, CLUSTER_NAME)
}

function refusal(errorCode: number): InitProducerIdResponse {
  return { ...defaultInitProducerIdResponse(), errorCode, producerId: -1n, producerEpoch: -1 }
}
