import { Operation } from '@headgate/policy'
import {
  defaultIncrementalAlterConfigsResponse,
  errorCodeName,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
  type IncrementalAlterConfigsResponseAlterConfigsResourceResponse,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { resourceKey, splitResources } from './config-resources.ts'
import { withRefusals } from './refusals.ts'

/** IncrementalAlterConfigs: AlterConfigs on each topic, or on the cluster for brokers and their loggers. */
export const incrementalAlterConfigs: AnyApi = defineApi<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse
>({
  apiKey: 44,
  minVersion: 0,
  maxVersion: 1,
  decide(call, request) {
    const { allowed, refused } = splitResources(call, Operation.AlterConfigs, request.resources)
    if (refused.length === 0) return forward()
    const refusals: IncrementalAlterConfigsResponseAlterConfigsResourceResponse[] = refused.map((resource) => ({
      ...resource,
      errorMessage: errorCodeName(resource.errorCode) ?? null,
    }))
    if (allowed.length === 0) return answer({ ...defaultIncrementalAlterConfigsResponse(), responses: refusals })
    const rest = { ...request, resources: allowed }
    return forwardInstead<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(rest, (response) => {
      response.responses = withRefusals(response.responses, refusals, resourceKey)
    })
  },
})
