import { Operation } from '@headgate/policy'
import { defaultHeartbeatResponse, ErrorCode, type HeartbeatRequest, type HeartbeatResponse } from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import { hasLostAllTopics } from './group-subscription.ts'

/**
 * Heartbeat: Read on the group. A member that lost all topics it joined with is refused too, so that its partitions move
 * on to members that may read them.
 */
export const heartbeat: AnyApi = defineApi<HeartbeatRequest, HeartbeatResponse>({
  apiKey: 12,
  minVersion: 0,
  maxVersion: 4,
  decide(call, { groupId }) {
    if (!call.permits('group', Operation.Read, groupId)) return answer(refusal())
    const topics = call.state.subscriptions.get(groupId) ?? []
    if (!hasLostAllTopics(call, topics, call.state.claims.get(groupId))) return forward()
    for (const topic of topics) call.permits('topic', Operation.Read, topic)
    return answer(refusal())
  },
})

function refusal(): HeartbeatResponse {
  return { ...defaultHeartbeatResponse(), errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}
