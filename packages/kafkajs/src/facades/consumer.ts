import { Operation } from '@headgate/policy'
import { type Consumer, KafkaJSNonRetriableError, type TopicPartitionOffset } from '#kafkajs'
import { consumerSurface } from '../access/surface.ts'
import { type Client, createLifecycle } from './client.ts'
import { copyMembers } from './group-description.ts'
import { guardEachBatch, guardEachMessage } from './handlers.ts'
import { readSubscription } from './subscription.ts'

/** Creates the facade over a consumer of kafkajs. */
export function createConsumer(inner: Consumer, client: Client, groupId: string): Consumer {
  const { gate, approvals } = client
  const subscribed = new Set<string>()
  const scope = { groupId, topics: subscribed }
  const canRead = (name: string): boolean => gate.allows({ resourceType: 'topic', operation: Operation.Read, name })
  return {
    ...createLifecycle(inner, client, async () => {}),
    async subscribe(given) {
      const subscription = readSubscription(given, canRead)
      approvals.announce(await gate.admit('consumer.subscribe', consumerSurface.subscribe(scope, subscription)), true)
      await inner.subscribe(subscription)
      for (const name of subscription.names) subscribed.add(name)
    },
    async run({ eachMessage, eachBatch, ...config } = {}) {
      approvals.announce(await gate.admit('consumer.run', consumerSurface.run(scope)), true)
      await inner.run({
        ...config,
        ...(eachMessage != null && { eachMessage: guardEachMessage(eachMessage, client) }),
        ...(eachBatch != null && { eachBatch: guardEachBatch(eachBatch, client, scope) }),
      })
    },
    async commitOffsets(given) {
      const offsets = structuredClone(given)
      await gate.admit('consumer.commitOffsets', consumerSurface.commitOffsets(scope, offsets))
      await inner.commitOffsets(offsets)
    },
    seek({ topic, partition, offset }: TopicPartitionOffset) {
      if (!topic) throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
      const target = { topic, partition: Number(partition), offset }
      gate.admitNow('consumer.seek', consumerSurface.seek(scope, target))
      inner.seek(target)
    },
    async describeGroup() {
      await gate.admit('consumer.describeGroup', consumerSurface.describeGroup(scope))
      return copyMembers(await inner.describeGroup())
    },
    stop: inner.stop,
    pause: inner.pause,
    paused: inner.paused,
    resume: inner.resume,
    events: inner.events,
    on: inner.on,
    logger: inner.logger,
  }
}
