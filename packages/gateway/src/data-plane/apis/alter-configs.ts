import { Operation } from '@headgate/policy'
import {
  type AlterConfigsRequest,
  type AlterConfigsResponse,
  type AlterConfigsResponseAlterConfigsResourceResponse,
  defaultAlterConfigsResponse,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { resourceKey, splitResources } from './config-resources.ts'
import { withRefusals } from './refusals.ts'

/** AlterConfigs: AlterConfigs on each topic, or on the cluster for brokers and their loggers. */
export const alterConfigs: AnyApi = defineApi<AlterConfigsRequest, AlterConfigsResponse>({
  apiKey: 33,
  minVersion: 0,
  maxVersion: 2,
  decide(call, request) {
    const { allowed, refused } = splitResources(call, Operation.AlterConfigs, request.resources)
    if (refused.length === 0) return forward()
    const refusals: AlterConfigsResponseAlterConfigsResourceResponse[] = refused.map((resource) => ({
      ...resource,
      errorMessage: errorCodeName(resource.errorCode) ?? null,
    }))
    if (allowed.length === 0) return answer({ ...defaultAlterConfigsResponse(), responses: refusals })
    return forwardInstead<AlterConfigsRequest, AlterConfigsResponse>({ ...request, resources: allowed }, (response) => {
      response.responses = withRefusals(response.responses, refusals, resourceKey)
    })
  },
})
