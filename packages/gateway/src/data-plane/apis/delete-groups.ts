import { Operation } from '@headgate/policy'
import {
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
  type DeleteGroupsResponseDeletableGroupResult,
  defaultDeleteGroupsResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** DeleteGroups: Delete on each group. */
export const deleteGroups: AnyApi = defineApi<DeleteGroupsRequest, DeleteGroupsResponse>({
  apiKey: 42,
  minVersion: 0,
  maxVersion: 2,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.groupsNames, (groupId) =>
      call.permits('group', Operation.Delete, groupId),
    )
    if (denied.length === 0) return forward()
    const refusals = denied.map(refusedGroup)
    if (allowed.length === 0) return answer({ ...defaultDeleteGroupsResponse(), results: refusals })
    return forwardInstead<DeleteGroupsRequest, DeleteGroupsResponse>(
      { ...request, groupsNames: allowed },
      (response) => {
        response.results = withRefusals(response.results, refusals, ({ groupId }) => groupId)
      },
    )
  },
})

function refusedGroup(groupId: string): DeleteGroupsResponseDeletableGroupResult {
  return { groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}
