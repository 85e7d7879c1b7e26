/** The kinds of Kafka resource that a policy speaks of. */
export type ResourceType = 'topic' | 'group' | 'transactional-id' | 'cluster'

/** Every {@link ResourceType}, in the order in which documentation lists them. */
export const resourceTypes: readonly ResourceType[] = Object.freeze(['topic', 'group', 'transactional-id', 'cluster'])

/** The one name of the cluster resource (Kafka's `Resource.CLUSTER_NAME`). */
export const CLUSTER_NAME = 'kafka-cluster'

/** Kafka's own topics start with this; no pattern and no label ever grants them. */
export const INTERNAL_TOPIC_PREFIX = '__'

/** The longest name that a decision considers, in UTF-16 units; a longer one is denied. */
export const MAX_NAME_LENGTH = 255

/**
 * Operations by Kafka's `AclOperation` codes, so that `1 << operation` is Kafka's authorizedOperations bit; from 29 on,
 * Headgate's own, of which no client is told.
 */
export const Operation = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
  /** Headgate's own: to read the audit trail. */
  ReadAudit: 29,
  /** Headgate's own: to look again at what a session saw. */
  Replay: 30,
} as const

/** One of the operations, by its code. */
export type Operation = (typeof Operation)[keyof typeof Operation]

/** Every {@link Operation} code in ascending order. */
export const operations: readonly Operation[] = Object.freeze(Object.values(Operation).sort((a, b) => a - b))

const namesByCode: ReadonlyMap<number, string> = new Map(Object.entries(Operation).map(([name, code]) => [code, name]))

/** The operations that Kafka knows, whose bits a client may be told. */
export const kafkaOperations: readonly Operation[] = Object.freeze(
  operations.filter((operation) => operation < Operation.ReadAudit),
)

/** The name of an operation as Kafka's documentation spells it, such as `DescribeConfigs`. */
export function operationName(operation: Operation): string {
  return namesByCode.get(operation) ?? 'Unknown'
}

const bit = (operation: Operation): number => 1 << operation

// StandardAuthorizer: IMPLIES_DESCRIBE and IMPLIES_DESCRIBE_CONFIGS.
const impliesDescribe = bit(Operation.Read) | bit(Operation.Write) | bit(Operation.Delete) | bit(Operation.Alter)

/**
 * The bits of what a grant of `operation` implies, without `operation` itself.
 *
 * Kafka's implications: Read, Write, Delete and Alter imply Describe; AlterConfigs implies DescribeConfigs. A denial
 * implies nothing.
 */
export function impliedOperations(operation: Operation): number {
  if ((impliesDescribe & bit(operation)) !== 0) return bit(Operation.Describe)
  return operation === Operation.AlterConfigs ? bit(Operation.DescribeConfigs) : 0
}
