import { Operation } from '@headgate/policy'
import type { ListGroupsRequest, ListGroupsResponse } from '@headgate/wire'
import { type AnyApi, defineApi, forward } from '../api.ts'

/** ListGroups: shows the groups on which Describe is granted. */
export const listGroups: AnyApi = defineApi<ListGroupsRequest, ListGroupsResponse>({
  apiKey: 16,
  minVersion: 0,
  maxVersion: 5,
  decide(call) {
    return forward((response) => {
      const before = response.groups.length
      response.groups = response.groups.filter(({ groupId }) => call.can('group', Operation.Describe, groupId))
      return response.groups.length < before
    })
  },
})
