import { Operation } from '@headgate/policy'
import {
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeResponse,
  type ConsumerGroupDescribeResponseDescribedGroup,
  type ConsumerGroupDescribeResponseMember,
  defaultConsumerGroupDescribeResponse,
  defaultConsumerGroupDescribeResponseDescribedGroup,
  ErrorCode,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import type { Call } from '../call.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/**
 * ConsumerGroupDescribe: Describe on each group. As in Kafka, a group with a member whose topics are not all seen is
 * refused as a whole. Members' hosts are not shown, since brokers see the gateway's.
 */
export const consumerGroupDescribe: AnyApi = defineApi<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>({
  apiKey: 69,
  minVersion: 0,
  maxVersion: 1,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.groupIds, (groupId) =>
      call.permits('group', Operation.Describe, groupId),
    )
    const refusals = denied.map((groupId) => refusedGroup(groupId, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    if (allowed.length === 0 && denied.length > 0) {
      return answer({ ...defaultConsumerGroupDescribeResponse(), groups: refusals })
    }
    const edit = (response: ConsumerGroupDescribeResponse): void => {
      const groups = response.groups.map((group) => seenGroup(call, group))
      response.groups = withRefusals(groups, refusals, ({ groupId }) => groupId)
    }
    return denied.length === 0 ? forward(edit) : forwardInstead({ ...request, groupIds: allowed }, edit)
  },
})

function refusedGroup(groupId: string, errorCode: number): ConsumerGroupDescribeResponseDescribedGroup {
  const errorMessage = errorCodeName(errorCode) ?? null
  return { ...defaultConsumerGroupDescribeResponseDescribedGroup(), groupId, errorCode, errorMessage }
}

function seenGroup(
  call: Call,
  group: ConsumerGroupDescribeResponseDescribedGroup,
): ConsumerGroupDescribeResponseDescribedGroup {
  const isSeen = group.members.flatMap(topicsOf).every((topic) => call.sees(topic))
  if (!isSeen) return refusedGroup(group.groupId, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  const authorizedOperations = call.authorizedOperations('group', group.groupId, group.authorizedOperations)
  return { ...group, authorizedOperations, members: group.members.map((member) => ({ ...member, clientHost: '' })) }
}

function topicsOf(member: ConsumerGroupDescribeResponseMember): string[] {
  const assigned = [...member.assignment.topicPartitions, ...member.targetAssignment.topicPartitions]
  return [...member.subscribedTopicNames, ...assigned.map(({ topicName }) => topicName)]
}
