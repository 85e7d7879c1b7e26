import { kafkaOperations, Operation, type ResourceType } from '../operation.ts'
import { createDecision, type Decision } from './decision.ts'
import type { Program } from './program.ts'

/** Stands for a whole topic: allowed only where no rule limits it to partitions. */
export const ALL_PARTITIONS = -1

const unexpected: Decision = createDecision('deny', 'unexpected')

/**
 * Decides one request. Pure and synchronous: no clock, no input or output. It never throws; what cannot be decided is
 * denied.
 *
 * Denials beat grants; what no rule grants is denied; the order of rules never matters.
 *
 * @param partition the partition asked for; {@link ALL_PARTITIONS}, the default, asks for the whole topic.
 */
export function decide(
  program: Program,
  resourceType: ResourceType,
  operation: Operation,
  name: string,
  partition: number = ALL_PARTITIONS,
): Decision {
  if (!(operation >= Operation.Read && operation <= Operation.Replay)) return unexpected
  try {
    const decision = program.tableOf(resourceType).decide(operation, name, partition)
    const { lenience } = program
    return lenience === undefined ? decision : lenience.settle(decision, resourceType, operation, name, partition)
  } catch {
    return unexpected
  }
}

/**
 * The bits `1 << operation` of what is allowed on a name as a whole: Kafka's authorizedOperations. Headgate's own
 * operations have none, and neither has what is held.
 */
export function allowedOperations(program: Program, resourceType: ResourceType, name: string): number {
  if (program.lenience !== undefined)
    return kafkaOperations
      .filter((operation) => decide(program, resourceType, operation, name).effect === 'allow')
      .reduce((bits, operation) => bits | (1 << operation), 0)
  return program.tableOf(resourceType).verdictOf(name).allowedOperations
}

/**
 * Tells whether the operation is allowed on some name of the type: Kafka's authorizeByResourceType.
 *
 * A grant counts unless a single denial covers it whole; a grant for some partitions counts.
 */
export function canOnAny(program: Program, resourceType: ResourceType, operation: Operation): boolean {
  return (
    program.tableOf(resourceType).canOnAny(operation) || program.lenience?.canOnAny(resourceType, operation) === true
  )
}

/** Tells whether a topic is listed, and refused promptly, where it may not be used. */
export function isDiscoverable(program: Program, topicName: string): boolean {
  return program.tableOf('topic').verdictOf(topicName).discoverable
}
