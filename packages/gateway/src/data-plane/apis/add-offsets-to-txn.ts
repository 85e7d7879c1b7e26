import { Operation } from '@headgate/policy'
import {
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
  defaultAddOffsetsToTxnResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'

/** AddOffsetsToTxn: Write on the transactional id, and Read on the group. */
export const addOffsetsToTxn: AnyApi = defineApi<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>({
  apiKey: 25,
  minVersion: 0,
  maxVersion: 4,
  decide(call, { transactionalId, groupId }) {
    if (!call.permits('transactional-id', Operation.Write, transactionalId)) {
      return answer(refusal(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    }
    return call.permits('group', Operation.Read, groupId)
      ? forward()
      : answer(refusal(ErrorCode.GROUP_AUTHORIZATION_FAILED))
  },
})

function refusal(errorCode: number): AddOffsetsToTxnResponse {
  return { ...defaultAddOffsetsToTxnResponse(), errorCode }
}
