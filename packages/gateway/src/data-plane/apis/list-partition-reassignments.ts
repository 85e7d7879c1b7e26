import { CLUSTER_NAME, Operation } from '@headgate/policy'
import {
  defaultListPartitionReassignmentsResponse,
  defaultListPartitionReassignmentsResponseOngoingPartitionReassignment,
  ErrorCode,
  errorCodeName,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponse,
  type ListPartitionReassignmentsResponseOngoingPartitionReassignment,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { splitItems } from './request-split.ts'
import { isShown } from './shown-topics.ts'

/**
 * ListPartitionReassignments: Describe on the cluster; shows the topics that are seen. One that is named and not shown is left
 * out, as Kafka leaves out one without a reassignment, and one that does not exist.
 */
export const listPartitionReassignments: AnyApi = defineApi<
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse
>({
  apiKey: 46,
  minVersion: 0,
  maxVersion: 0,
  decide(call, request) {
    if (!call.permits('cluster', Operation.Describe, CLUSTER_NAME)) return answer(refused(request))
    if (request.topics === null) return forward((response) => keepTopics(response, (name) => call.sees(name)))
    const { allowed, denied } = splitItems(request.topics, ({ name }) => isShown(call, name))
    if (denied.length === 0) return forward()
    if (allowed.length === 0) return answer(nothing())
    const edit = (response: ListPartitionReassignmentsResponse): boolean =>
      keepTopics(response, (name) => call.knows(name))
    return forwardInstead({ ...request, topics: allowed }, edit)
  },
})

/** Tells whether something was taken out. */
function keepTopics(response: ListPartitionReassignmentsResponse, isKept: (topicName: string) => boolean): boolean {
  const before = response.topics.length
  response.topics = response.topics.filter(({ name }) => isKept(name))
  return response.topics.length < before
}

function nothing(): ListPartitionReassignmentsResponse {
  return { ...defaultListPartitionReassignmentsResponse(), errorMessage: null }
}

/** Kafka tells what was named, without replicas. */
function refused({ topics }: ListPartitionReassignmentsRequest): ListPartitionReassignmentsResponse {
  const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  return {
    ...defaultListPartitionReassignmentsResponse(),
    errorCode,
    errorMessage: errorCodeName(errorCode) ?? null,
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map(withoutReplicas),
    })),
  }
}

function withoutReplicas(partitionIndex: number): ListPartitionReassignmentsResponseOngoingPartitionReassignment {
  return { ...defaultListPartitionReassignmentsResponseOngoingPartitionReassignment(), partitionIndex }
}
