import { CLUSTER_NAME } from '@headgate/policy'
import {
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  defaultDescribeClusterResponse,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward } from '../api.ts'
import { servedBrokers, servedController } from './broker-nodes.ts'

const BROKERS = 1

/** DescribeCluster: asks nothing; controllers are not shown, since no client can reach them. */
export const describeCluster: AnyApi = defineApi<DescribeClusterRequest, DescribeClusterResponse>({
  apiKey: 60,
  minVersion: 0,
  maxVersion: 2,
  decide(call, { endpointType }) {
    if (endpointType !== BROKERS) return answer(unsupported())
    return forward((response) => {
      response.brokers = servedBrokers(call, response.brokers, ({ brokerId }) => brokerId)
      const brokerIds = response.brokers.map(({ brokerId }) => brokerId)
      response.controllerId = servedController(call, response.controllerId, brokerIds)
      const bits = response.clusterAuthorizedOperations
      response.clusterAuthorizedOperations = call.authorizedOperations('cluster', CLUSTER_NAME, bits)
    })
  },
})

function unsupported(): DescribeClusterResponse {
  return { ...defaultDescribeClusterResponse(), errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE }
}
