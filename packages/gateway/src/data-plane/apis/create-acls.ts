import { CLUSTER_NAME, Operation } from '@headgate/policy'
import {
  type CreateAclsRequest,
  type CreateAclsResponse,
  type CreateAclsResponseAclCreationResult,
  defaultCreateAclsResponse,
  ErrorCode,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'

/** CreateAcls: Alter on the cluster, by a grant. What is created holds at the brokers; the policy stays as it is. */
export const createAcls: AnyApi = defineApi<CreateAclsRequest, CreateAclsResponse>({
  apiKey: 30,
  minVersion: 1,
  maxVersion: 3,
  decide(call, { creations }) {
    if (call.isGranted('cluster', Operation.Alter, CLUSTER_NAME)) return forward()
    return answer({ ...defaultCreateAclsResponse(), results: creations.map(refused) })
  },
})

function refused(): CreateAclsResponseAclCreationResult {
  const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  return { errorCode, errorMessage: errorCodeName(errorCode) ?? null }
}
