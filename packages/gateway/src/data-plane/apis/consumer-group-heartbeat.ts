import { Operation } from '@headgate/policy'
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  defaultConsumerGroupHeartbeatResponse,
  ErrorCode,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import type { Call } from '../call.ts'
import { forgetSubscription, keepSubscription, subscriptionRefusal } from './group-subscription.ts'

/**
 * ConsumerGroupHeartbeat: Read on the group, and Describe on every topic that is subscribed to. As in JoinGroup, a member
 * is refused when it may read none of its topics, or one of them in part only; leaving is refused to no member.
 *
 * Version 1 can subscribe by a regular expression, which the broker would resolve with the gateway's own rights; 0 is the
 * last one offered.
 */
export const consumerGroupHeartbeat: AnyApi = defineApi<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>({
  apiKey: 68,
  minVersion: 0,
  maxVersion: 0,
  decide(call, request) {
    const { groupId } = request
    if (!call.permits('group', Operation.Read, groupId)) return answer(refusal(ErrorCode.GROUP_AUTHORIZATION_FAILED))
    if (request.memberEpoch < 0) {
      forgetSubscription(call.state, groupId)
      return forward()
    }
    const named = request.subscribedTopicNames
    const topics = named ?? call.state.subscriptions.get(groupId) ?? []
    const errorCode = refusalOf(call, named ?? [], topics)
    if (errorCode !== ErrorCode.NONE) return answer(refusal(errorCode))
    if (named !== null) keepSubscription(call.state, groupId, named)
    return forward()
  },
})

function refusalOf(call: Call, named: readonly string[], topics: readonly string[]): number {
  const hidden = named.filter((topic) => !call.permits('topic', Operation.Describe, topic))
  return hidden.length > 0 ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : subscriptionRefusal(call, topics)
}

function refusal(errorCode: number): ConsumerGroupHeartbeatResponse {
  return { ...defaultConsumerGroupHeartbeatResponse(), errorCode, errorMessage: errorCodeName(errorCode) ?? null }
}
