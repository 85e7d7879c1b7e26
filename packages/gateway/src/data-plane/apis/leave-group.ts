import { Operation } from '@headgate/policy'
import { defaultLeaveGroupResponse, ErrorCode, type LeaveGroupRequest, type LeaveGroupResponse } from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import { forgetSubscription } from './group-subscription.ts'

/** LeaveGroup: Read on the group. */
export const leaveGroup: AnyApi = defineApi<LeaveGroupRequest, LeaveGroupResponse>({
  apiKey: 13,
  minVersion: 0,
  maxVersion: 5,
  decide(call, { groupId }) {
    if (!call.permits('group', Operation.Read, groupId)) return answer(refusal())
    forgetSubscription(call.state, groupId)
    return forward()
  },
})

function refusal(): LeaveGroupResponse {
  return { ...defaultLeaveGroupResponse(), errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}
