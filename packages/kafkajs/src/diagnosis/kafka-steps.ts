import { isHeadgateError } from '@headgate/core'
import { decide, Operation, type Program, type ResourceType } from '@headgate/policy'
import {
  HeadgateConfigurationError,
  HeadgateDisagreementError,
  HeadgateGatewayUnreachableError,
  HeadgateTopicMissingError,
} from '../errors.ts'
import { printable } from '../http/json.ts'
import type { DirectCluster } from '../kafkajs/internals.cjs'
import type { StepOutcome } from './diagnosis-step.ts'

/** What a service may do with topics, of those that there are. */
export interface GrantedTopics {
  /** At once. */
  readonly consume: readonly string[]
  readonly produce: readonly string[]
  /** After an approval. */
  readonly held: readonly string[]
  /** Names that rules spell out and that there is no topic of. */
  readonly missing: readonly string[]
  /** Patterns of consumer groups. */
  readonly groups: readonly string[]
}

const FETCH_WAIT_MS = 100
const FETCH_BYTES = 65_536
const READ_COMMITTED = 1

function namesIn({ residual }: Program, type: ResourceType, operations: readonly Operation[]): readonly string[] {
  const scopes = residual.rules.flatMap(({ effect, scopes }) => (effect === 'allow' ? scopes : []))
  const granted = scopes.filter(
    ({ resourceType, operation }) => resourceType === type && operations.includes(operation),
  )
  return [...new Set(granted.flatMap(({ names }) => names))]
}

const isLiteral = (name: string): boolean => !name.includes('*') && !name.startsWith('label:')

/** What the brokers fail with, as an error that tells who can mend it. */
async function explained<T>(what: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    if (isHeadgateError(cause)) throw cause
    const { message = 'unexpected', type } = cause as { readonly message?: string; readonly type?: string }
    const details = { reason: type ?? 'none' }
    if (type?.endsWith('AUTHORIZATION_FAILED')) {
      const message = `${what}: the gateway refuses what the policy of this client allows (${type}): its policy may have changed just now, so try again, then ask whoever runs it`
      throw new HeadgateDisagreementError({ message, details, cause })
    }
    throw new HeadgateGatewayUnreachableError({
      message: `${what}: no answer of the brokers (${printable(message)}): the gateway itself answers, so ask whoever runs it whether it reaches Kafka`,
      details,
      cause,
    })
  })
}

/** Asks for the names of all topics that the gateway shows, and sorts them by what the policy allows. */
export async function listGrantedTopics(cluster: DirectCluster, program: Program): Promise<GrantedTopics> {
  const wanted = namesIn(program, 'topic', [Operation.Read, Operation.Write]).filter(isLiteral)
  const { topicMetadata } = await explained('metadata', cluster.metadata({}))
  const topics = topicMetadata.filter(({ topicErrorCode }) => topicErrorCode === 0).map(({ topic }) => topic)
  const effectOf = (topic: string, operation: Operation): string => decide(program, 'topic', operation, topic).effect
  const having = (operation: Operation, effect: string): string[] =>
    topics.filter((topic) => effectOf(topic, operation) === effect).sort()
  return {
    consume: having(Operation.Read, 'allow'),
    produce: having(Operation.Write, 'allow'),
    held: [...new Set([...having(Operation.Read, 'hold'), ...having(Operation.Write, 'hold')])].sort(),
    // What is held is visible by its name alone, so that it is not missed in a list.
    missing: wanted.filter((topic) => !topics.includes(topic) && effectOf(topic, Operation.Read) !== 'hold').sort(),
    groups: namesIn(program, 'group', [Operation.Read]),
  }
}

const list = (names: readonly string[]): string =>
  names.length === 0 ? 'nothing' : names.map((name) => `\`${name}\``).join(', ')

/** Tells what there is to produce to and to consume. */
export function describeTopics(topics: GrantedTopics): StepOutcome {
  const { consume, produce, held, missing, groups } = topics
  const extras = [
    ...(held.length === 0 ? [] : [`after an approval: ${list(held)}`]),
    ...(missing.length === 0 ? [] : [`granted, but there is no such topic: ${list(missing)}`]),
  ]
  const message = [`may consume ${list(consume)}`, `produce to ${list(produce)}`, ...extras].join('; ')
  return { message, facts: { consume, produce, held, missing, groups } }
}

/** Asks for nothing at the end of a topic's first partition that has a leader, so that no record is read. */
async function fetchAtEnd(cluster: DirectCluster, topic: string): Promise<number> {
  await cluster.addTargetTopic(topic)
  const placed = cluster.findTopicPartitionMetadata(topic).find(({ leader }) => leader >= 0)
  if (placed === undefined)
    throw new HeadgateTopicMissingError({ message: `no partition of \`${topic}\` has a leader` })
  const partition = placed.partitionId
  const [offsets] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }] }])
  const fetchOffset = offsets?.partitions[0]?.offset ?? '0'
  const broker = await cluster.findBroker({ nodeId: placed.leader })
  const partitions = [{ partition, fetchOffset, maxBytes: FETCH_BYTES }]
  const limits = { maxWaitTime: FETCH_WAIT_MS, minBytes: 1, maxBytes: FETCH_BYTES, isolationLevel: READ_COMMITTED }
  await broker.fetch({ ...limits, topics: [{ topic, partitions }] })
  return partition
}

/** Fetches from the first topic that may be consumed at once; joins no group and reads no record. */
export async function fetchFirst(cluster: DirectCluster, topics: GrantedTopics): Promise<StepOutcome> {
  const [topic] = topics.consume
  if (topic === undefined && topics.missing.length > 0 && topics.produce.length === 0) {
    throw new HeadgateTopicMissingError({
      message: `no granted topic is there: ${list(topics.missing)}: create it, or have its name mended in the policy`,
    })
  }
  if (topic === undefined)
    return { message: 'no topic may be consumed at once, so none was fetched', isNotNeeded: true }
  const partition = await explained(`fetch from \`${topic}\``, fetchAtEnd(cluster, topic))
  if (topics.groups.length === 0) {
    throw new HeadgateConfigurationError({
      message: `\`${topic}\` may be consumed, but in no consumer group: have \`as: [<group>]\` added to the rule`,
    })
  }
  const message = `fetched from \`${topic}\`, partition ${partition}, at its end; groups: ${list(topics.groups)}`
  return { message, facts: { topic, partition, groups: topics.groups } }
}
