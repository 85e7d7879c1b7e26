import { CLUSTER_NAME, Operation } from '@headgate/policy'
import {
  type DeleteAclsRequest,
  type DeleteAclsResponse,
  type DeleteAclsResponseDeleteAclsFilterResult,
  defaultDeleteAclsResponse,
  ErrorCode,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'

/** DeleteAcls: Alter on the cluster, by a grant. The answer tells the access rules that were deleted. */
export const deleteAcls: AnyApi = defineApi<DeleteAclsRequest, DeleteAclsResponse>({
  apiKey: 31,
  minVersion: 1,
  maxVersion: 3,
  decide(call, { filters }) {
    if (call.isGranted('cluster', Operation.Alter, CLUSTER_NAME)) return forward()
    return answer({ ...defaultDeleteAclsResponse(), filterResults: filters.map(refused) })
  },
})

function refused(): DeleteAclsResponseDeleteAclsFilterResult {
  const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  return { errorCode, errorMessage: errorCodeName(errorCode) ?? null, matchingAcls: [] }
}
