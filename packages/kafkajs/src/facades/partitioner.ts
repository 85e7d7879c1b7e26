import { Operation } from '@headgate/policy'
import { type ICustomPartitioner, type Message, Partitioners, type PartitionMetadata } from '#kafkajs'
import type { Gate } from '../access/gate.ts'

const builtIn: ReadonlySet<ICustomPartitioner> = new Set(Object.values(Partitioners))

const copyBytes = <T>(value: T): T => (Buffer.isBuffer(value) ? (Buffer.from(value) as T & Buffer) : value)

// kafkajs gives a partitioner the very object that it is about to send.
function copyForReading(message: Message): Message {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(copyBytes) : copyBytes(value),
  ])
  return {
    ...message,
    value: copyBytes(message.value),
    ...(message.key !== undefined && { key: copyBytes(message.key) }),
    ...(message.headers !== undefined && { headers: Object.fromEntries(headers) }),
  }
}

const copyMetadata = (partitions: readonly PartitionMetadata[]): PartitionMetadata[] => structuredClone([...partitions])

/**
 * Lets an application's partitioner choose, and nothing more: it gets copies, and what it chooses is decided on.
 *
 * kafkajs's own partitioners are used as they are.
 */
export function guardPartitioner(application: ICustomPartitioner, gate: Gate): ICustomPartitioner {
  if (builtIn.has(application)) return application
  return () => {
    const choose = application()
    return ({ topic, partitionMetadata, message }) => {
      const args = { topic, partitionMetadata: copyMetadata(partitionMetadata), message: copyForReading(message) }
      const partition = choose(args)
      gate.admitNow('producer.createPartitioner', [
        { resourceType: 'topic', operation: Operation.Write, name: topic, partitions: () => [partition] },
      ])
      return partition
    }
  }
}
