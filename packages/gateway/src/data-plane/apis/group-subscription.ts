import { Operation } from '@headgate/policy'
import {
  decodeAssignment,
  decodeSubscription,
  ErrorCode,
  encodeAssignment,
  encodeSubscription,
  type JoinGroupRequestProtocol,
} from '@headgate/wire'
import type { Call } from '../call.ts'
import type { ClientState, PartitionClaims } from '../client-state.ts'

/** The protocol type of groups whose members say which topics they consume. */
export const CONSUMER_PROTOCOL = 'consumer'

const MAX_GROUPS = 10
const MAX_TOPICS = 10_000
const MAX_TOPIC_NAME_LENGTH = 249
const MAX_SUBSCRIPTION_BYTES = 1024 * 1024
const NO_BYTES = Buffer.alloc(0)

/**
 * The topics that a member asks for in any of its protocols. Bytes that cannot be read, and more than a mebibyte of them,
 * name none: fetches are the gate.
 */
export function subscribedTopics(protocols: readonly JoinGroupRequestProtocol[]): string[] {
  const readable = protocols.reduce((bytes, { metadata }) => bytes + metadata.length, 0) <= MAX_SUBSCRIPTION_BYTES
  if (!readable) return []
  const topics = protocols.flatMap(({ metadata }) => readOr(() => decodeSubscription(metadata).message.topics, []))
  return [...new Set(topics)]
}

/**
 * Keeps what a member subscribed to, so that it can be told when it lost all of it.
 *
 * The room is bounded: of a subscription that is too large nothing is kept, and fetches alone are its gate.
 */
export function keepSubscription(
  state: ClientState,
  groupId: string,
  topics: readonly string[],
  claims?: PartitionClaims,
): void {
  forgetSubscription(state, groupId)
  const [oldest] = state.subscriptions.keys()
  if (state.subscriptions.size >= MAX_GROUPS && oldest !== undefined) forgetSubscription(state, oldest)
  const isKept = topics.length <= MAX_TOPICS && topics.every(({ length }) => length <= MAX_TOPIC_NAME_LENGTH)
  state.subscriptions.set(groupId, isKept ? topics : [])
  if (isKept && claims !== undefined) state.claims.set(groupId, claims)
}

/** Forgets what a member subscribed to. */
export function forgetSubscription(state: ClientState, groupId: string): void {
  state.subscriptions.delete(groupId)
  state.claims.delete(groupId)
}

/** Whether a member may read none of the topics it subscribed to; of those that it takes in part, none of its partitions. */
export function hasLostAllTopics(call: Call, topics: readonly string[], claims?: PartitionClaims): boolean {
  const isLost = (topic: string): boolean => {
    if (call.can('topic', Operation.Read, topic)) return false
    return !claims?.get(topic)?.some((partition) => call.can('topic', Operation.Read, topic, partition))
  }
  return topics.length > 0 && topics.every(isLost)
}

/** The code for a subscription that is refused as a whole; the denials behind it are reported. */
export function subscriptionRefusal(call: Call, topics: readonly string[]): number {
  const limited = topicReadInPart(call, topics)
  if (limited !== undefined) {
    call.permits('topic', Operation.Read, limited)
    return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  if (!hasLostAllTopics(call, topics)) return ErrorCode.NONE
  for (const topic of topics) call.permits('topic', Operation.Read, topic)
  return ErrorCode.GROUP_AUTHORIZATION_FAILED
}

/**
 * The first topic that may be read in part only. In a group such a member would be dealt partitions that it cannot read.
 */
function topicReadInPart(call: Call, topics: readonly string[]): string | undefined {
  return topics.find((topic) => call.isLimitedToPartitions('topic', Operation.Read, topic))
}

/** A member's subscription without topics that are not seen, and without data that may name any. */
export function seenSubscription(call: Call, metadata: Buffer): Buffer {
  return readOr(() => {
    const { version, message } = decodeSubscription(metadata)
    const topics = message.topics.filter((topic) => call.sees(topic))
    const ownedPartitions = message.ownedPartitions.filter(({ topic }) => call.sees(topic))
    return encodeSubscription({ ...message, topics, ownedPartitions, userData: hidden(message.userData) }, version)
  }, NO_BYTES)
}

/** A member's assignment without topics that are not seen, and without data that may name any. */
export function seenAssignment(call: Call, assignment: Buffer): Buffer {
  return readOr(() => {
    const { version, message } = decodeAssignment(assignment)
    const assignedPartitions = message.assignedPartitions.filter(({ topic }) => call.sees(topic))
    return encodeAssignment({ ...message, assignedPartitions, userData: hidden(message.userData) }, version)
  }, NO_BYTES)
}

/** What is in there is for members alone; what is empty may be seen to be. */
function hidden(userData: Buffer | null): Buffer | null {
  return userData?.length === 0 ? userData : null
}

/** What clients wrote for each other may be anything. */
function readOr<Value>(read: () => Value, fallback: Value): Value {
  try {
    return read()
  } catch {
    return fallback
  }
}
