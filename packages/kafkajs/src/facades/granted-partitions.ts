import { GRANTED_PARTITIONS_PROTOCOL, Operation } from '@headgate/policy'
import { AssignerProtocol, type Cluster, type GroupMember, type PartitionAssigner } from '#kafkajs'
import type { Gate } from '../access/gate.ts'

const { MemberMetadata, MemberAssignment } = AssignerProtocol
const VERSION = 0
const NO_CLAIM = Buffer.alloc(0)

/** Partitions by topic. */
type Partitions = Record<string, number[]>

/** A member of the group, as its metadata tells. */
interface Member {
  readonly memberId: string
  readonly topics: ReadonlySet<string>
  /** What it may read of topics that it may not read whole. */
  readonly claimed: Partitions
  readonly dealt: Partitions
  count: number
}

const canRead = (gate: Gate, name: string, partition?: number): boolean =>
  gate.allows({
    resourceType: 'topic',
    operation: Operation.Read,
    name,
    ...(partition !== undefined && { partitions: () => [partition] }),
  })

/** The granted partitions of each topic that may not be read whole. */
function claimOf(cluster: Cluster, gate: Gate, topics: readonly string[]): Partitions {
  const claim: Partitions = {}
  for (const topic of topics) {
    if (canRead(gate, topic)) continue
    const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
    claim[topic] = partitions.filter((partition) => canRead(gate, topic, partition)).sort((a, b) => a - b)
  }
  return claim
}

function readMember({ memberId, memberMetadata }: GroupMember): Member {
  const metadata = MemberMetadata.decode(memberMetadata)
  const userData = metadata?.userData ?? NO_CLAIM
  const claimed = userData.length === 0 ? {} : (MemberAssignment.decode(userData)?.assignment ?? {})
  return { memberId, topics: new Set(metadata?.topics), claimed, dealt: {}, count: 0 }
}

const mayTake = ({ topics, claimed }: Member, topic: string, partition: number): boolean =>
  topics.has(topic) && (claimed[topic]?.includes(partition) ?? true)

/** Deals each partition to one of those that may read it, as evenly as that goes; what nobody may read is dealt to nobody. */
function deal(cluster: Cluster, members: readonly Member[]): void {
  const topics = [...new Set(members.flatMap((member) => [...member.topics]))].sort()
  const seats = topics.flatMap((topic) =>
    cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => partitionId)
      .sort((a, b) => a - b)
      .map((partition) => ({ topic, partition, takers: members.filter((it) => mayTake(it, topic, partition)) })),
  )
  // Those that few may take first, so that the others even out what these weigh.
  for (const { topic, partition, takers } of seats.sort((a, b) => a.takers.length - b.takers.length)) {
    const least = takers.reduce<Member | undefined>(
      (a, b) => (a !== undefined && a.count <= b.count ? a : b),
      undefined,
    )
    if (least === undefined) continue
    least.count += 1
    least.dealt[topic] = [...(least.dealt[topic] ?? []), partition]
  }
}

/** What a consumer takes part in its group by, where it may read some partitions of a topic only. */
export class GrantedPartitions {
  readonly #gate: Gate
  /** What was claimed when the group was last joined, and how to ask for it again. */
  #claimed: { readonly text: string; readonly again: () => string } | undefined

  constructor(gate: Gate) {
    this.#gate = gate
  }

  /**
   * An assigner that deals only granted partitions. It is offered beside those of the application, after them: the gateway lets a member
   * with a limited grant join by this one alone, and tells the whole group by that.
   */
  readonly assigner: PartitionAssigner = ({ cluster }) => ({
    name: GRANTED_PARTITIONS_PROTOCOL,
    version: VERSION,
    protocol: ({ topics }) => {
      const claim = claimOf(cluster, this.#gate, topics)
      const again = (): string => JSON.stringify(claimOf(cluster, this.#gate, topics))
      this.#claimed = { text: JSON.stringify(claim), again }
      const userData = Object.keys(claim).length === 0 ? NO_CLAIM : encode(claim)
      return {
        name: GRANTED_PARTITIONS_PROTOCOL,
        metadata: MemberMetadata.encode({ version: VERSION, topics, userData }),
      }
    },
    assign: async ({ members: given }) => {
      const members = given.map(readMember).sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
      deal(cluster, members)
      return members.map(({ memberId, dealt }) => ({ memberId, memberAssignment: encode(dealt) }))
    },
  })

  /** Whether the policy grants other partitions now than when the group was joined. */
  get isOutOfDate(): boolean {
    return this.#claimed !== undefined && this.#claimed.text !== this.#claimed.again()
  }
}

const encode = (assignment: Partitions): Buffer =>
  MemberAssignment.encode({ version: VERSION, assignment, userData: NO_CLAIM })
