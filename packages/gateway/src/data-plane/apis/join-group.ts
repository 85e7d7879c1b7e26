import { Operation } from '@headgate/policy'
import { defaultJoinGroupResponse, ErrorCode, type JoinGroupRequest, type JoinGroupResponse } from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import type { Call } from '../call.ts'
import { bindToGrantedPartitions } from './granted-partitions.ts'
import { CONSUMER_PROTOCOL, keepSubscription, subscribedTopics, subscriptionRefusal } from './group-subscription.ts'

const FIRST_VERSION_WITH_NULL_PROTOCOL = 7

/**
 * JoinGroup: Read on the group. A consumer is refused as well when it may read none of the topics it subscribes to, or
 * one of them in part only: the group would deal it partitions that stand still. The latter may join by the protocol that deals only what is
 * granted, and by no other.
 */
export const joinGroup: AnyApi = defineApi<JoinGroupRequest, JoinGroupResponse>({
  apiKey: 11,
  minVersion: 0,
  maxVersion: 9,
  parks: true,
  decide(call, request) {
    const { groupId, protocols, protocolType } = request
    if (!call.permits('group', Operation.Read, groupId))
      return answer(refusal(call, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    const topics = protocolType === CONSUMER_PROTOCOL ? subscribedTopics(protocols) : []
    const limited = new Set(topics.filter((topic) => call.isLimitedToPartitions('topic', Operation.Read, topic)))
    const bound =
      limited.size === 0 ? undefined : bindToGrantedPartitions(call, protocols, (topic) => limited.has(topic))
    if (bound !== undefined) {
      keepSubscription(call.state, groupId, topics, bound.claims)
      return forwardInstead({ ...request, protocols: bound.protocols })
    }
    const errorCode = subscriptionRefusal(call, topics)
    if (errorCode !== ErrorCode.NONE) return answer(refusal(call, errorCode))
    keepSubscription(call.state, groupId, topics)
    return forward()
  },
})

function refusal(call: Call, errorCode: number): JoinGroupResponse {
  const protocolName = call.apiVersion < FIRST_VERSION_WITH_NULL_PROTOCOL ? '' : null
  return { ...defaultJoinGroupResponse(), errorCode, generationId: -1, protocolName }
}
