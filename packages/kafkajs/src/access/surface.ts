import { CLUSTER_NAME, Operation, type ResourceType } from '@headgate/policy'
import {
  type Admin,
  type Batch,
  ConfigResourceTypes,
  type Consumer,
  type EachBatchPayload,
  type EachMessagePayload,
  type Kafka,
  type Message,
  type Producer,
  type TopicOffsets,
  type Transaction,
} from '#kafkajs'
import type { Ask } from './ask.ts'

// What each method of each object of kafkajs asks of policy: the one place where that is decided. The types hold the
// tables against kafkajs's declared methods, a test holds them against those that its objects really have.

type Method<T> = { [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]
type Arguments<T> = T extends (...args: infer A) => unknown ? A : never

/** For each method of `T`: what a call with these arguments asks, given what the object was created with. */
export type Surface<T, Scope> = {
  readonly [K in Method<T>]: (scope: Scope, ...args: Arguments<T[K]>) => readonly Ask[]
}

/** What a producer was created with. */
export interface ProducerScope {
  readonly isIdempotent: boolean
  readonly transactionalId: string | undefined
}

/** What a consumer was created with, and what it has subscribed to. */
export interface ConsumerScope {
  readonly groupId: string
  readonly topics: ReadonlySet<string>
}

interface TopicMessages {
  readonly topic: string
  readonly messages: readonly Message[]
}

const nothing: readonly Ask[] = Object.freeze([])

// Asks nothing: it sends nothing, or only what the gateway answers to everybody.
const open = (): readonly Ask[] => nothing

// What is no list asks nothing here, because kafkajs itself refuses it before it sends anything.
const list = <T>(value: readonly T[] | undefined): readonly T[] => (Array.isArray(value) ? value : [])

const on =
  (resourceType: ResourceType) =>
  (operation: Operation, name: string): Ask => ({ resourceType, operation, name })
const topic = on('topic')
const group = on('group')
const cluster = (operation: Operation): Ask => on('cluster')(operation, CLUSTER_NAME)
const topics = (operation: Operation, names: readonly string[] | undefined): readonly Ask[] =>
  list(names).map((name) => topic(operation, name))
const topicsOf = (operation: Operation, entries: readonly { topic: string }[] | undefined): readonly Ask[] =>
  list(entries).map((entry) => topic(operation, entry.topic))

function partitionsOf(messages: readonly Message[]): readonly number[] | undefined {
  const partitions = new Set<number>()
  for (const { partition } of messages) {
    if (partition === undefined || partition === null) return undefined
    partitions.add(partition)
  }
  return [...partitions]
}

const write = ({ topic: name, messages }: TopicMessages): Ask => ({
  ...topic(Operation.Write, name),
  partitions: () => partitionsOf(messages),
})
const read = (name: string, ...partitions: readonly number[]): Ask => ({
  ...topic(Operation.Read, name),
  partitions: () => partitions,
})
const readPlaces = (entries: readonly { topic: string; partition: number }[] | undefined): readonly Ask[] =>
  list(entries).map((entry) => read(entry.topic, entry.partition))
const readOffsets = (entries: readonly TopicOffsets[] | undefined): readonly Ask[] =>
  list(entries).map(({ topic: name, partitions }) => read(name, ...list(partitions).map(({ partition }) => partition)))
// A group may deal some partitions of a topic: those that are granted.
const consume = (names: readonly string[]): readonly Ask[] =>
  topics(Operation.Read, names).map((ask) => ({ ...ask, inPart: true }))

const idempotentWrite: Ask = {
  ...cluster(Operation.IdempotentWrite),
  or: { onAny: 'topic', operation: Operation.Write },
}
const writeId = ({ transactionalId: id }: ProducerScope): readonly Ask[] =>
  id === undefined ? nothing : [on('transactional-id')(Operation.Write, id)]

/** Methods of a producer. */
export const producerSurface: Surface<Producer, ProducerScope> = Object.freeze({
  connect: ({ isIdempotent }) => (isIdempotent ? [idempotentWrite] : nothing),
  disconnect: open,
  isIdempotent: open,
  on: open,
  logger: open,
  send: (_, record) => [write(record)],
  sendBatch: (_, { topicMessages }) => list(topicMessages).map(write),
  transaction: writeId,
})

/** Methods of a transaction. */
export const transactionSurface: Surface<Transaction, ProducerScope> = Object.freeze({
  send: (scope, record) => [...writeId(scope), write(record)],
  sendBatch: (scope, { topicMessages }) => [...writeId(scope), ...list(topicMessages).map(write)],
  sendOffsets: (scope, offsets) => [
    ...writeId(scope),
    group(Operation.Read, offsets.consumerGroupId),
    ...readOffsets(offsets.topics),
  ],
  commit: writeId,
  // Ending without effect is never refused: others wait behind an open transaction.
  abort: open,
  isActive: open,
})

/** Methods of a consumer. */
export const consumerSurface: Surface<Consumer, ConsumerScope> = Object.freeze({
  connect: open,
  disconnect: open,
  // Expressions ask nothing: they are resolved to the topics that policy allows.
  subscribe: ({ groupId }, subscription) => {
    const wanted = 'topics' in subscription ? list(subscription.topics) : [subscription.topic]
    return [group(Operation.Read, groupId), ...consume(wanted.filter((name) => typeof name === 'string'))]
  },
  stop: open,
  run: (scope) => [group(Operation.Read, scope.groupId), ...consume([...scope.topics])],
  commitOffsets: ({ groupId }, offsets) => [group(Operation.Read, groupId), ...readPlaces(offsets)],
  seek: (_, { topic: name, partition }) => [read(name, partition)],
  describeGroup: ({ groupId }) => [group(Operation.Describe, groupId)],
  pause: open,
  paused: open,
  resume: open,
  on: open,
  logger: open,
})

/** A handler's call, asked before it is made, so that what a new bundle takes away is delivered no more. */
export const deliverySurface: {
  readonly eachMessage: (payload: Pick<EachMessagePayload, 'topic' | 'partition'>) => readonly Ask[]
  readonly eachBatch: (batch: Batch) => readonly Ask[]
} = Object.freeze({
  eachMessage: ({ topic: name, partition }) => [{ ...read(name, partition), partition }],
  eachBatch: ({ topic: name, partition }) => [{ ...read(name, partition), partition }],
})

/** Methods of what a handler is given. */
export const payloadSurface: Surface<EachBatchPayload & EachMessagePayload, ConsumerScope> = Object.freeze({
  heartbeat: open,
  pause: open,
  resolveOffset: open,
  commitOffsetsIfNecessary: ({ groupId }, offsets) =>
    offsets === undefined ? nothing : [group(Operation.Read, groupId), ...readOffsets(offsets.topics)],
  uncommittedOffsets: open,
  isRunning: open,
  isStale: open,
})

/** Methods of the batch that a handler is given. */
export const batchSurface: Surface<Batch, ConsumerScope> = Object.freeze({
  isEmpty: open,
  firstOffset: open,
  lastOffset: open,
  offsetLag: open,
  offsetLagLow: open,
})

const config =
  (operation: Operation) =>
  ({ type, name }: { readonly type: ConfigResourceTypes; readonly name: string }): Ask =>
    type === ConfigResourceTypes.TOPIC ? topic(operation, name) : cluster(operation)

// kafkajs writes a group's offsets through a consumer of its own: it joins, fetches and commits.
const move = (_: unknown, target: { readonly groupId: string; readonly topic: string }): readonly Ask[] => [
  group(Operation.Read, target.groupId),
  topic(Operation.Read, target.topic),
]

/** Methods of an administrator. Lists are open: what policy does not show is taken out of the answer. */
export const adminSurface: Surface<Admin, undefined> = Object.freeze({
  connect: open,
  disconnect: open,
  on: open,
  logger: open,
  listTopics: open,
  listGroups: open,
  describeCluster: open,
  fetchTopicMetadata: (_, options) => topics(Operation.Describe, options?.topics),
  createTopics: (_, options) =>
    list(options.topics).map((entry) => ({
      ...topic(Operation.Create, entry.topic),
      or: { resourceType: 'cluster', operation: Operation.Create, name: CLUSTER_NAME },
    })),
  createPartitions: (_, options) => topicsOf(Operation.Alter, options.topicPartitions),
  deleteTopics: (_, options) => topics(Operation.Delete, options.topics),
  deleteTopicRecords: (_, options) => [topic(Operation.Delete, options.topic)],
  fetchTopicOffsets: (_, name) => [topic(Operation.Describe, name)],
  fetchTopicOffsetsByTimestamp: (_, name) => [topic(Operation.Describe, name)],
  fetchOffsets: (_, { groupId, topics: names, resolveOffsets }) => {
    const operation = resolveOffsets ? Operation.Read : Operation.Describe
    return [group(operation, groupId), ...topics(operation, names)]
  },
  setOffsets: move,
  resetOffsets: move,
  describeGroups: (_, groupIds) => list(groupIds).map((id) => group(Operation.Describe, id)),
  deleteGroups: (_, groupIds) => list(groupIds).map((id) => group(Operation.Delete, id)),
  describeConfigs: (_, { resources }) => list(resources).map(config(Operation.DescribeConfigs)),
  alterConfigs: (_, { resources }) => list(resources).map(config(Operation.AlterConfigs)),
  describeAcls: () => [cluster(Operation.Describe)],
  createAcls: () => [cluster(Operation.Alter)],
  deleteAcls: () => [cluster(Operation.Alter)],
  alterPartitionReassignments: (_, options) => [cluster(Operation.Alter), ...topicsOf(Operation.Alter, options.topics)],
  listPartitionReassignments: () => [cluster(Operation.Describe)],
})

/** Methods of `Kafka` that kafkajs has as well: they make clients, and send nothing. */
export const kafkaSurface: Surface<Kafka, undefined> = Object.freeze({
  producer: open,
  consumer: open,
  admin: open,
  logger: open,
})

/** The whole table, by the object that has the methods. What has no row here does not exist in this package. */
export const surfaces: {
  readonly kafka: typeof kafkaSurface
  readonly producer: typeof producerSurface
  readonly transaction: typeof transactionSurface
  readonly consumer: typeof consumerSurface
  readonly payload: typeof payloadSurface
  readonly batch: typeof batchSurface
  readonly admin: typeof adminSurface
} = Object.freeze({
  kafka: kafkaSurface,
  producer: producerSurface,
  transaction: transactionSurface,
  consumer: consumerSurface,
  payload: payloadSurface,
  batch: batchSurface,
  admin: adminSurface,
})
