import { Operation } from '@headgate/policy'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  type DescribeConfigsResponseDescribeConfigsResourceResult,
  type DescribeConfigsResponseDescribeConfigsResult,
  defaultDescribeConfigsResponse,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import type { Call } from '../call.ts'
import { resourceKey, splitResources } from './config-resources.ts'
import { withRefusals } from './refusals.ts'

/** Settings whose values are addresses, of brokers, controllers or other clusters behind the gateway. */
const ADDRESS_SETTING =
  /(?:^|\.)(?:listeners|bootstrap\.servers|quorum\.voters|host\.name|advertised\.port|zookeeper\.connect)$/

/**
 * DescribeConfigs: DescribeConfigs on each topic, or on the cluster for brokers and their loggers. Values that carry
 * addresses are withheld as sensitive.
 */
export const describeConfigs: AnyApi = defineApi<DescribeConfigsRequest, DescribeConfigsResponse>({
  apiKey: 32,
  minVersion: 1,
  maxVersion: 4,
  decide(call, request) {
    const { allowed, refused } = splitResources(call, Operation.DescribeConfigs, request.resources)
    const refusals: DescribeConfigsResponseDescribeConfigsResult[] = refused.map((resource) => ({
      ...resource,
      errorMessage: errorCodeName(resource.errorCode) ?? null,
      configs: [],
    }))
    if (allowed.length === 0 && refused.length > 0)
      return answer({ ...defaultDescribeConfigsResponse(), results: refusals })
    const edit = (response: DescribeConfigsResponse): boolean => {
      const withheld = response.results
        .flatMap(({ configs }) => configs)
        .filter((config) => carriesAddress(call, config))
      for (const config of withheld) withhold(config)
      response.results = withRefusals(response.results, refusals, resourceKey)
      return withheld.length + refusals.length > 0
    }
    return refused.length === 0 ? forward(edit) : forwardInstead({ ...request, resources: allowed }, edit)
  },
})

function carriesAddress(call: Call, config: DescribeConfigsResponseDescribeConfigsResourceResult): boolean {
  const settings = [config, ...config.synonyms]
  return settings.some(({ name, value }) => ADDRESS_SETTING.test(name) || (value !== null && namesBroker(call, value)))
}

function namesBroker(call: Call, value: string): boolean {
  return call.cluster.brokerIds.some((brokerId) => {
    const address = call.cluster.brokerAddress(brokerId)
    return address !== undefined && value.includes(`${address.host}:${address.port}`)
  })
}

function withhold(config: DescribeConfigsResponseDescribeConfigsResourceResult): void {
  config.value = null
  config.isSensitive = true
  for (const synonym of config.synonyms) synonym.value = null
}
