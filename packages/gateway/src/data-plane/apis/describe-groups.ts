import { Operation } from '@headgate/policy'
import {
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  type DescribeGroupsResponseDescribedGroup,
  type DescribeGroupsResponseDescribedGroupMember,
  defaultDescribeGroupsResponse,
  defaultDescribeGroupsResponseDescribedGroup,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import type { Call } from '../call.ts'
import { CONSUMER_PROTOCOL, seenAssignment, seenSubscription } from './group-subscription.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

const NO_BYTES = Buffer.alloc(0)

/**
 * DescribeGroups: Describe on each group.
 *
 * What members wrote for each other is shown for consumers only, without topics that are not seen; their hosts are not
 * shown, since brokers see the gateway's.
 */
export const describeGroups: AnyApi = defineApi<DescribeGroupsRequest, DescribeGroupsResponse>({
  apiKey: 15,
  minVersion: 0,
  maxVersion: 6,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.groups, (groupId) =>
      call.permits('group', Operation.Describe, groupId),
    )
    const refusals = denied.map(refusedGroup)
    if (allowed.length === 0 && denied.length > 0)
      return answer({ ...defaultDescribeGroupsResponse(), groups: refusals })
    const edit = (response: DescribeGroupsResponse): void => {
      for (const group of response.groups) editGroup(call, group)
      response.groups = withRefusals(response.groups, refusals, ({ groupId }) => groupId)
    }
    return denied.length === 0 ? forward(edit) : forwardInstead({ ...request, groups: allowed }, edit)
  },
})

function refusedGroup(groupId: string): DescribeGroupsResponseDescribedGroup {
  return { ...defaultDescribeGroupsResponseDescribedGroup(), groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}

function editGroup(call: Call, group: DescribeGroupsResponseDescribedGroup): void {
  group.authorizedOperations = call.authorizedOperations('group', group.groupId, group.authorizedOperations)
  for (const member of group.members) editMember(call, member, group.protocolType === CONSUMER_PROTOCOL)
}

function editMember(call: Call, member: DescribeGroupsResponseDescribedGroupMember, isConsumer: boolean): void {
  member.clientHost = ''
  // Kafka leaves the bytes empty while a group is between two generations.
  const { memberMetadata, memberAssignment } = member
  member.memberMetadata = isConsumer ? seenSubscription(call, memberMetadata) : NO_BYTES
  member.memberAssignment = isConsumer ? seenAssignment(call, memberAssignment) : NO_BYTES
}
