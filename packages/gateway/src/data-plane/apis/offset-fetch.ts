import { Operation } from '@headgate/policy'
import {
  defaultOffsetFetchResponse,
  ErrorCode,
  type OffsetFetchRequest,
  type OffsetFetchRequestGroup,
  type OffsetFetchRequestTopic,
  type OffsetFetchResponse,
  type OffsetFetchResponseGroup,
  type OffsetFetchResponsePartition,
  type OffsetFetchResponseTopic,
  ZERO_UUID,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead, type Verdict } from '../api.ts'
import type { Call } from '../call.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

const FIRST_VERSION_WITH_ERROR_CODE = 2
const FIRST_VERSION_WITH_GROUPS = 8

type OffsetFetchVerdict = Verdict<OffsetFetchRequest, OffsetFetchResponse>

/**
 * OffsetFetch: Describe on each group, and Describe on each topic. A request for all topics is answered with those that
 * may be described. Version 10 names topics by id; 9 is the last one offered.
 */
export const offsetFetch: AnyApi = defineApi<OffsetFetchRequest, OffsetFetchResponse>({
  apiKey: 9,
  minVersion: 1,
  maxVersion: 9,
  decide(call, request) {
    return call.apiVersion < FIRST_VERSION_WITH_GROUPS ? decideGroup(call, request) : decideGroups(call, request)
  },
})

function decideGroup(call: Call, request: OffsetFetchRequest): OffsetFetchVerdict {
  if (!call.permits('group', Operation.Describe, request.groupId)) return answer(refusedAnswer(call, request))
  const topics = splitByName(call, request.topics)
  if (topics.refusals.length === 0 && topics.allowed !== null) return forward()
  const edit = (response: OffsetFetchResponse): void => {
    response.topics = seenTopics(call, response.topics, response.errorCode === ErrorCode.NONE ? topics.refusals : [])
  }
  return topics.allowed === null ? forward(edit) : forwardInstead({ ...request, topics: topics.allowed }, edit)
}

function refusedAnswer(call: Call, request: OffsetFetchRequest): OffsetFetchResponse {
  const errorCode = ErrorCode.GROUP_AUTHORIZATION_FAILED
  if (call.apiVersion >= FIRST_VERSION_WITH_ERROR_CODE) return { ...defaultOffsetFetchResponse(), errorCode }
  return {
    ...defaultOffsetFetchResponse(),
    topics: (request.topics ?? []).map((topic) => refusedTopic(topic, errorCode)),
  }
}

/** A group of the request that goes on, with what its answer gets in place of the topics that do not. */
interface AllowedGroup {
  readonly group: OffsetFetchRequestGroup
  readonly refusals: readonly OffsetFetchResponseTopic[]
  readonly isWhole: boolean
}

function decideGroups(call: Call, request: OffsetFetchRequest): OffsetFetchVerdict {
  const { allowed, denied } = splitItems(request.groups, ({ groupId }) =>
    call.permits('group', Operation.Describe, groupId),
  )
  const refusals = denied.map(({ groupId }) => refusedGroup(groupId))
  if (allowed.length === 0 && denied.length > 0) return answer({ ...defaultOffsetFetchResponse(), groups: refusals })
  const groups = allowed.map((group) => splitGroup(call, group))
  if (denied.length === 0 && groups.every(({ isWhole }) => isWhole)) return forward()
  const rest = { ...request, groups: groups.map(({ group }) => group) }
  return forwardInstead<OffsetFetchRequest, OffsetFetchResponse>(rest, (response) => {
    const refusedTopics = new Map<string, OffsetFetchResponseTopic[]>()
    for (const { group, refusals } of groups) addTo(refusedTopics, group.groupId, refusals)
    for (const answered of response.groups) editGroup(call, answered, refusedTopics)
    response.groups = withRefusals(response.groups, refusals, ({ groupId }) => groupId)
  })
}

function splitGroup(call: Call, group: OffsetFetchRequestGroup): AllowedGroup {
  const { allowed, refusals } = splitByName(call, group.topics)
  return { group: { ...group, topics: allowed }, refusals, isWhole: allowed !== null && refusals.length === 0 }
}

function refusedGroup(groupId: string): OffsetFetchResponseGroup {
  return { groupId, topics: [], errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
}

function addTo<Value>(lists: Map<string, Value[]>, key: string, values: readonly Value[]): void {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  for (const value of values) list.push(value)
}

/** INVARIANT: each refused topic is told once, also of a group that stands in the request as often as a client likes. */
function editGroup(
  call: Call,
  answered: OffsetFetchResponseGroup,
  refusedTopics: Map<string, OffsetFetchResponseTopic[]>,
): void {
  const { groupId, errorCode } = answered
  const refusals = errorCode === ErrorCode.NONE ? (refusedTopics.get(groupId) ?? []) : []
  if (errorCode === ErrorCode.NONE) refusedTopics.delete(groupId)
  answered.topics = seenTopics(
    call,
    answered.topics,
    refusals.map((topic) => ({ ...topic, topicId: ZERO_UUID })),
  )
}

function splitByName<Topic extends OffsetFetchRequestTopic>(
  call: Call,
  topics: readonly Topic[] | null,
): { allowed: Topic[] | null; refusals: OffsetFetchResponseTopic[] } {
  if (topics === null) return { allowed: null, refusals: [] }
  const { allowed, denied } = splitItems(topics, ({ name }) => call.permits('topic', Operation.Describe, name))
  return { allowed, refusals: denied.map((topic) => refusedTopic(topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED)) }
}

function seenTopics<Topic extends { name: string }>(
  call: Call,
  answered: readonly Topic[],
  refusals: readonly Topic[],
): Topic[] {
  const seen = answered.filter(({ name }) => call.can('topic', Operation.Describe, name))
  return withRefusals(seen, refusals, ({ name }) => name)
}

function refusedTopic(
  { name, partitionIndexes }: OffsetFetchRequestTopic,
  errorCode: number,
): OffsetFetchResponseTopic {
  return { name, partitions: partitionIndexes.map((partitionIndex) => refusedPartition(partitionIndex, errorCode)) }
}

function refusedPartition(partitionIndex: number, errorCode: number): OffsetFetchResponsePartition {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode }
}
