import type { ClusterVerb, Verb } from '../../document/verbs.ts'
import type { ResourceType } from '../../operation.ts'

/** A word of the policy language with the kind of resource that it is about. */
export interface AclWord {
  readonly resourceType: ResourceType
  readonly word: Verb | ClusterVerb
}

const topicWords: Readonly<Record<string, Verb>> = {
  READ: 'consume',
  WRITE: 'produce',
  DESCRIBE: 'describe',
  CREATE: 'create',
  DELETE: 'delete',
  ALTER: 'alter',
  DESCRIBE_CONFIGS: 'describe-configs',
  ALTER_CONFIGS: 'alter-configs',
}
const groupWords: Readonly<Record<string, Verb>> = {
  READ: 'as',
  DESCRIBE: 'describe-groups',
  DELETE: 'delete-groups',
}
const transactionWords: Readonly<Record<string, Verb>> = {
  WRITE: 'transact-as',
  DESCRIBE: 'describe-transactions',
}
const clusterWords: Readonly<Record<string, ClusterVerb>> = {
  DESCRIBE: 'describe',
  ALTER: 'alter',
  CREATE: 'create',
  DESCRIBE_CONFIGS: 'describe-configs',
  ALTER_CONFIGS: 'alter-configs',
  IDEMPOTENT_WRITE: 'idempotent-write',
}

interface ResourceWords {
  readonly resourceType: ResourceType
  readonly words: Readonly<Record<string, Verb | ClusterVerb>>
}

const byResource: ReadonlyMap<string, ResourceWords> = new Map([
  ['TOPIC', { resourceType: 'topic', words: topicWords }],
  ['GROUP', { resourceType: 'group', words: groupWords }],
  ['TRANSACTIONAL_ID', { resourceType: 'transactional-id', words: transactionWords }],
  ['CLUSTER', { resourceType: 'cluster', words: clusterWords }],
])

/** The words for an operation of Kafka's on a kind of resource; none where the policy language has none. */
export function aclWords(resourceType: string, operation: string): readonly AclWord[] {
  const known = byResource.get(resourceType)
  if (known === undefined) return []
  const { words } = known
  const found = operation === 'ALL' ? Object.values(words) : Object.hasOwn(words, operation) ? [words[operation]] : []
  return found.flatMap((word) => (word === undefined ? [] : [{ resourceType: known.resourceType, word }]))
}
