import { GRANTED_PARTITIONS_PROTOCOL, Operation } from '@headgate/policy'
import {
  decodeAssignment,
  decodeSubscription,
  defaultConsumerProtocolAssignment,
  defaultConsumerProtocolAssignmentTopicPartition,
  encodeAssignment,
  encodeSubscription,
  type JoinGroupRequestProtocol,
} from '@headgate/wire'
import type { Call } from '../call.ts'
import type { PartitionClaims } from '../client-state.ts'

const NO_BYTES = Buffer.alloc(0)

/** A member that joins by the protocol of granted partitions alone, and what it takes of topics that it may read in part. */
export interface BoundMember {
  readonly protocols: JoinGroupRequestProtocol[]
  readonly claims: PartitionClaims
}

/**
 * Binds a member to the partitions that it may read, where it offers the protocol for that: every other protocol is left out, so that the group
 * deals by this one, and what the member claims is cut down to what it is granted. What it may read is decided here and never taken
 * from the member.
 *
 * Gives nothing where the member offers no such protocol, or would be left without anything to read.
 */
export function bindToGrantedPartitions(
  call: Call,
  protocols: readonly JoinGroupRequestProtocol[],
  isLimited: (topic: string) => boolean,
): BoundMember | undefined {
  const offered = protocols.find(({ name }) => name === GRANTED_PARTITIONS_PROTOCOL)
  if (offered === undefined) return undefined
  try {
    const { version, message } = decodeSubscription(offered.metadata)
    const claims = grantedClaims(call, message.topics.filter(isLimited), message.userData)
    const isEmpty = [...claims.values()].every(({ length }) => length === 0)
    if (isEmpty && message.topics.every((topic) => claims.has(topic))) return undefined
    const metadata = encodeSubscription({ ...message, userData: encodeClaims(claims) }, version)
    return { protocols: [{ ...offered, metadata }], claims }
  } catch {
    // What clients write may be anything.
    return undefined
  }
}

function grantedClaims(call: Call, limited: readonly string[], userData: Buffer | null): PartitionClaims {
  const { message } = decodeAssignment(userData ?? NO_BYTES)
  const claimed = new Map(message.assignedPartitions.map(({ topic, partitions }) => [topic, partitions] as const))
  const granted = (topic: string): number[] =>
    [...new Set(claimed.get(topic) ?? [])].filter((partition) => call.can('topic', Operation.Read, topic, partition))
  return new Map(limited.map((topic) => [topic, granted(topic)] as const))
}

function encodeClaims(claims: PartitionClaims): Buffer {
  const assignedPartitions = [...claims].map(([topic, partitions]) => ({
    ...defaultConsumerProtocolAssignmentTopicPartition(),
    topic,
    partitions: [...partitions],
  }))
  return encodeAssignment({ ...defaultConsumerProtocolAssignment(), assignedPartitions }, 0)
}
