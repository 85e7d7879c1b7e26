import { type ConsumerConfig, PartitionAssigners, type ProducerConfig } from '#kafkajs'
import type { Gate } from '../access/gate.ts'
import { guardAssigner } from './assigner.ts'
import type { GrantedPartitions } from './granted-partitions.ts'
import { guardPartitioner } from './partitioner.ts'

// kafkajs creates topics by default, so that a misspelt name makes one; here that is asked for in so many words, and
// the gateway still wants the right to create.
const autoCreation = (config: { readonly allowAutoTopicCreation?: boolean }): { allowAutoTopicCreation: boolean } => ({
  allowAutoTopicCreation: config.allowAutoTopicCreation === true,
})

/** What kafkajs's producer is created with. */
export function createInnerProducerConfig(config: ProducerConfig, gate: Gate): ProducerConfig {
  const { createPartitioner, ...rest } = config
  const guarded = createPartitioner == null ? {} : { createPartitioner: guardPartitioner(createPartitioner, gate) }
  return { ...rest, ...autoCreation(config), ...guarded }
}

/** What kafkajs's consumer is created with. */
export function createInnerConsumerConfig(
  config: Partial<ConsumerConfig>,
  groupId: string,
  gate: Gate,
  granted: GrantedPartitions,
): ConsumerConfig {
  const { partitionAssigners, ...rest } = config
  const wanted = partitionAssigners ?? [PartitionAssigners.roundRobin]
  const guarded = [...wanted.map((assigner) => guardAssigner(assigner, gate)), granted.assigner]
  return { ...rest, groupId, ...autoCreation(config), partitionAssigners: guarded }
}
