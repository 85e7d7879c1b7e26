import { Operation } from '@headgate/policy'
import { type Consumer, KafkaJSNonRetriableError, type TopicPartitionOffset } from '#kafkajs'
import { consumerSurface } from '../access/surface.ts'
import { Consumption } from '../consumption/consumption.ts'
import { ReplaceableConsumer } from '../consumption/replaceable-consumer.ts'
import { type Client, createLifecycle } from './client.ts'
import type { GrantedPartitions } from './granted-partitions.ts'
import { copyMembers } from './group-description.ts'
import { guardEachBatch, guardEachMessage } from './handlers.ts'
import { readSubscription } from './subscription.ts'

/**
 * Creates the facade over a consumer of kafkajs.
 *
 * @param create makes one; called again when it has to be exchanged
 */
export function createConsumer(
  create: () => Consumer,
  client: Client,
  groupId: string,
  granted: GrantedPartitions,
): Consumer {
  const { gate, approvals, metering } = client
  const canRead = (name: string): boolean =>
    gate.allows({ resourceType: 'topic', operation: Operation.Read, name, inPart: true })
  const canJoin = (): boolean => gate.allows({ resourceType: 'group', operation: Operation.Read, name: groupId })
  const consumer = new ReplaceableConsumer(create)
  const consumption = new Consumption({
    consumer,
    client,
    groupId,
    rights: { canRead, canJoin, isDealtOtherwise: () => granted.isOutOfDate },
  })
  const scope = { groupId, topics: consumption.topics }
  consumer.on(consumer.current.events.FETCH, ({ payload }) => metering.polled(payload.duration))
  const connectable = {
    connect: () => consumer.current.connect(),
    async disconnect() {
      await consumption.end()
      await consumer.current.disconnect()
    },
  }
  return {
    ...createLifecycle(connectable, client, async () => {}),
    async subscribe(given) {
      const subscription = readSubscription(given, canRead)
      approvals.announce(await gate.admit('consumer.subscribe', consumerSurface.subscribe(scope, subscription)), true)
      await consumer.current.subscribe(subscription)
      consumption.subscribed(subscription)
    },
    async run({ eachMessage, eachBatch, ...config } = {}) {
      approvals.announce(await gate.admit('consumer.run', consumerSurface.run(scope)), true)
      await consumption.run({
        ...config,
        ...(eachMessage != null && { eachMessage: guardEachMessage(eachMessage, client) }),
        ...(eachBatch != null && { eachBatch: guardEachBatch(eachBatch, client, scope) }),
      })
    },
    async commitOffsets(given) {
      const offsets = structuredClone(given)
      await gate.admit('consumer.commitOffsets', consumerSurface.commitOffsets(scope, offsets))
      await metering.commit(() => consumer.current.commitOffsets(offsets))
    },
    seek({ topic, partition, offset }: TopicPartitionOffset) {
      if (!topic) throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
      const target = { topic, partition: Number(partition), offset }
      gate.admitNow('consumer.seek', consumerSurface.seek(scope, target))
      consumer.current.seek(target)
    },
    async describeGroup() {
      await gate.admit('consumer.describeGroup', consumerSurface.describeGroup(scope))
      return copyMembers(await consumer.current.describeGroup())
    },
    async stop() {
      await consumption.end()
      await consumer.current.stop()
    },
    pause: (topics) => consumer.current.pause(topics),
    paused: () => consumer.current.paused(),
    resume: (topics) => consumer.current.resume(topics),
    events: consumer.current.events,
    on: consumer.on,
    logger: () => consumer.current.logger(),
  }
}
