import type {
  DescribeAclsResponse,
  DescribeConfigsResponse,
  ListGroupsResponse,
  ListOffsetsResponse,
  MetadataResponse,
  OffsetFetchResponse,
} from '@headgate/wire'
import { type NormalForm, normalForm } from './normal-form.ts'
import { RULES_OF_ROWS } from './rows/broker-rules.ts'
import type { Side } from './sides.ts'

const [LIST_OFFSETS, METADATA, OFFSET_FETCH, LIST_GROUPS, DESCRIBE_ACLS, DESCRIBE_CONFIGS] = [2, 3, 9, 16, 29, 32]
const [EARLIEST, LATEST] = [-2n, -1n]
const TOPIC = 2
const SETTINGS = ['retention.ms', 'segment.ms']

/** What a cluster holds, as its administrator sees it: topics, where their partitions begin and end, committed offsets, settings, access rules that rows make. */
export async function clusterState({ admin, topicName }: Side): Promise<NormalForm> {
  const { topics } = await admin.request<MetadataResponse>(METADATA, 12, {
    topics: null,
    allowAutoTopicCreation: false,
  })
  const partitions = topics
    .filter(({ isInternal }) => !isInternal)
    .map((topic) => ({
      name: topic.name ?? '',
      partitions: topic.partitions.map(({ partitionIndex }) => partitionIndex),
    }))
  const offsets = (timestamp: bigint): Promise<ListOffsetsResponse> =>
    admin.request(LIST_OFFSETS, 7, {
      isolationLevel: 1,
      topics: partitions.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
      })),
    })
  const { groups } = await admin.request<ListGroupsResponse>(LIST_GROUPS, 4, { statesFilter: [], typesFilter: [] })
  const committed = await admin.request<OffsetFetchResponse>(OFFSET_FETCH, 8, {
    groups: groups.map(({ groupId }) => ({ groupId, memberId: null, memberEpoch: -1, topics: null })),
    requireStable: false,
  })
  const resources = partitions.map(({ name }) => ({
    resourceType: TOPIC,
    resourceName: name,
    configurationKeys: SETTINGS,
  }))
  const settings = await admin.request<DescribeConfigsResponse>(DESCRIBE_CONFIGS, 4, { resources })
  const rules = await admin.request<DescribeAclsResponse>(DESCRIBE_ACLS, 3, RULES_OF_ROWS)
  const [begin, end] = [await offsets(EARLIEST), await offsets(LATEST)]
  return normalForm({ begin, end, committed: withOffsets(committed), settings, rules }, topicName)
}

/** Groups come and go with their members; what they committed stays. */
function withOffsets({ groups }: OffsetFetchResponse): object {
  return groups.filter(({ topics }) => topics.length > 0)
}
