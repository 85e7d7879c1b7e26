import { Operation } from '@headgate/policy'
import { defaultEndTxnResponse, type EndTxnRequest, type EndTxnResponse, ErrorCode } from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import type { Call } from '../call.ts'
import { keepHold } from './transaction-hold.ts'

const FIRST_VERSION_WITH_NEW_EPOCH = 5

/**
 * EndTxn: Write on the transactional id. Who holds it may always abort, so that nobody waits for an open transaction.
 *
 * From version 5 on the answer brings the epoch of the next transaction, which the gateway needs to abort it.
 */
export const endTxn: AnyApi = defineApi<EndTxnRequest, EndTxnResponse>({
  apiKey: 26,
  minVersion: 0,
  maxVersion: 5,
  decide(call, request) {
    const { transactionalId } = request
    if (!isHeldAbort(call, request) && !call.permits('transactional-id', Operation.Write, transactionalId)) {
      return answer(refusal())
    }
    if (call.apiVersion < FIRST_VERSION_WITH_NEW_EPOCH) return forward()
    return forward(({ errorCode, producerId, producerEpoch }) => {
      const hasEpoch = errorCode === ErrorCode.NONE && producerId >= 0n
      if (hasEpoch) keepHold(call.state, transactionalId, { producerId, producerEpoch })
      return false
    })
  },
})

function isHeldAbort(call: Call, { transactionalId, producerId, committed }: EndTxnRequest): boolean {
  return !committed && call.state.transactions.get(transactionalId)?.producerId === producerId
}

function refusal(): EndTxnResponse {
  return { ...defaultEndTxnResponse(), errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
}
