import { Operation } from '@headgate/policy'
import { defaultSyncGroupResponse, ErrorCode, type SyncGroupRequest, type SyncGroupResponse } from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'

/** SyncGroup: Read on the group. */
export const syncGroup: AnyApi = defineApi<SyncGroupRequest, SyncGroupResponse>({
  apiKey: 14,
  minVersion: 0,
  maxVersion: 5,
  parks: true,
  decide(call, { groupId }) {
    return call.permits('group', Operation.Read, groupId) ? forward() : answer(refusal())
  },
})

function refusal(): SyncGroupResponse {
  return { ...defaultSyncGroupResponse(), errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}
