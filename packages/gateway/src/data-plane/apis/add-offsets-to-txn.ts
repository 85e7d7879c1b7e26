import { Operation } from '@headgate/policy'
import {
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
  defaultAddOffsetsToTxnResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import { keepHold } from './transaction-hold.ts'

/** AddOffsetsToTxn: Write on the transactional id, and Read on the group. */
export const addOffsetsToTxn: AnyApi = defineApi<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>({
  apiKey: 25,
  minVersion: 0,
  maxVersion: 4,
  decide(call, { transactionalId, groupId, producerId, producerEpoch }) {
    if (!call.permits('transactional-id', Operation.Write, transactionalId)) {
      return answer(refusal(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    }
    if (!call.permits('group', Operation.Read, groupId)) return answer(refusal(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    return forward(({ errorCode }) => {
      if (errorCode === ErrorCode.NONE) keepHold(call.state, transactionalId, { producerId, producerEpoch })
      return false
    })
  },
})

function refusal(errorCode: number): AddOffsetsToTxnResponse {
  return { ...defaultAddOffsetsToTxnResponse(), errorCode }
}
