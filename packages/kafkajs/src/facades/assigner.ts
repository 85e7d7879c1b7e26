import { type Cluster, type PartitionAssigner, PartitionAssigners } from '#kafkajs'
import type { Gate } from '../access/gate.ts'

const builtIn: ReadonlySet<PartitionAssigner> = new Set(Object.values(PartitionAssigners))

// kafkajs gives an assigner its live cluster: with it go every connection and the credentials.
function createReadOnlyCluster(cluster: Cluster, gate: Gate): Cluster {
  const view: Pick<Cluster, 'findTopicPartitionMetadata' | 'isConnected'> = Object.freeze({
    isConnected: () => cluster.isConnected(),
    findTopicPartitionMetadata: (topic: string) =>
      gate.shows(topic) ? structuredClone(cluster.findTopicPartitionMetadata(topic)) : [],
  })
  return view as Cluster
}

/**
 * Gives an application's assigner the partitions of topics that it may see, and no other part of the cluster.
 *
 * kafkajs's own assigner is used as it is.
 */
export function guardAssigner(application: PartitionAssigner, gate: Gate): PartitionAssigner {
  if (builtIn.has(application)) return application
  return ({ cluster, groupId, logger }) =>
    application({ cluster: createReadOnlyCluster(cluster, gate), groupId, logger })
}
