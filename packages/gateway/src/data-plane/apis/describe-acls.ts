import { CLUSTER_NAME, Operation } from '@headgate/policy'
import {
  type DescribeAclsRequest,
  type DescribeAclsResponse,
  defaultDescribeAclsResponse,
  ErrorCode,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'

/** DescribeAcls: Describe on the cluster, by a grant. Whoever has it sees every access rule of the brokers, with the names in it. */
export const describeAcls: AnyApi = defineApi<DescribeAclsRequest, DescribeAclsResponse>({
  apiKey: 29,
  minVersion: 1,
  maxVersion: 3,
  decide(call) {
    return call.isGranted('cluster', Operation.Describe, CLUSTER_NAME) ? forward() : answer(refused())
  },
})

function refused(): DescribeAclsResponse {
  const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  return { ...defaultDescribeAclsResponse(), errorCode, errorMessage: errorCodeName(errorCode) ?? null }
}
