import { CLUSTER_NAME, Operation } from '@headgate/policy'
import {
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsRequestReassignableTopic,
  type AlterPartitionReassignmentsResponse,
  type AlterPartitionReassignmentsResponseReassignableTopicResponse,
  defaultAlterPartitionReassignmentsResponse,
  ErrorCode,
  errorCodeName,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import type { Call } from '../call.ts'
import { withRefusedPartitions } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** AlterPartitionReassignments: Alter on the cluster, and Alter on each topic, so that what may not be altered is not moved either. */
export const alterPartitionReassignments: AnyApi = defineApi<
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
>({
  apiKey: 45,
  minVersion: 0,
  maxVersion: 1,
  decide(call, request) {
    const { topics } = request
    if (!call.can('cluster', Operation.Alter, CLUSTER_NAME) && !altersCluster(call)) return answer(refused(topics))
    const { allowed, denied } = splitItems(topics, ({ name }) => call.permits('topic', Operation.Alter, name))
    const refusals = denied.map((topic) => refusedTopic(topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED))
    if (allowed.length === 0 && denied.length > 0) return answer({ ...answered(request), responses: refusals })
    // On record where something goes on to the broker, and only there.
    altersCluster(call)
    if (denied.length === 0) return forward()
    return forwardInstead<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
      { ...request, topics: allowed },
      (response) => {
        response.responses = withRefusedPartitions(response.responses, refusals)
      },
    )
  },
})

function altersCluster(call: Call): boolean {
  return call.permits('cluster', Operation.Alter, CLUSTER_NAME)
}

function answered({
  allowReplicationFactorChange,
}: AlterPartitionReassignmentsRequest): AlterPartitionReassignmentsResponse {
  return { ...defaultAlterPartitionReassignmentsResponse(), errorMessage: null, allowReplicationFactorChange }
}

/** Refused for the cluster: the code stands on top and in every partition. */
function refused(
  topics: readonly AlterPartitionReassignmentsRequestReassignableTopic[],
): AlterPartitionReassignmentsResponse {
  const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  return {
    ...defaultAlterPartitionReassignmentsResponse(),
    errorCode,
    errorMessage: errorCodeName(errorCode) ?? null,
    responses: topics.map((topic) => refusedTopic(topic, errorCode)),
  }
}

function refusedTopic(
  { name, partitions }: AlterPartitionReassignmentsRequestReassignableTopic,
  errorCode: number,
): AlterPartitionReassignmentsResponseReassignableTopicResponse {
  const errorMessage = errorCodeName(errorCode) ?? null
  return {
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, errorMessage })),
  }
}
