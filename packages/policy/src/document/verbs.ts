import { Operation, type ResourceType } from '../operation.ts'

/** A word of `may` and `never` that takes a list of names. */
export type Verb =
  | 'consume'
  | 'produce'
  | 'describe'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe-configs'
  | 'alter-configs'
  | 'replay'
  | 'as'
  | 'describe-groups'
  | 'delete-groups'
  | 'transact-as'
  | 'describe-transactions'

/** A word of the list behind `cluster`. */
export type ClusterVerb =
  | 'describe'
  | 'alter'
  | 'create'
  | 'describe-configs'
  | 'alter-configs'
  | 'idempotent-write'
  | 'read-audit'

/** What a verb of a rule stands for. */
export interface VerbMeaning {
  readonly resourceType: ResourceType
  readonly operation: Operation
  /** Whether `partitions` beside the verb limits it. */
  readonly partitioned: boolean
  /** What it lets someone do, to follow the word "to". */
  readonly description: string
}

function verb(resourceType: ResourceType, operation: Operation, description: string): VerbMeaning {
  const partitioned = resourceType === 'topic' && (operation === Operation.Read || operation === Operation.Write)
  return Object.freeze({ resourceType, operation, partitioned, description })
}

/** What each verb means. */
export const verbs: ReadonlyMap<Verb, VerbMeaning> = new Map([
  ['consume', verb('topic', Operation.Read, 'read records of these topics')],
  ['produce', verb('topic', Operation.Write, 'write records to these topics')],
  ['describe', verb('topic', Operation.Describe, 'see these topics, their partitions and offsets')],
  ['create', verb('topic', Operation.Create, 'create these topics')],
  ['delete', verb('topic', Operation.Delete, 'delete these topics or their records')],
  ['alter', verb('topic', Operation.Alter, 'add partitions to these topics')],
  ['describe-configs', verb('topic', Operation.DescribeConfigs, 'see the configuration of these topics')],
  ['alter-configs', verb('topic', Operation.AlterConfigs, 'change the configuration of these topics')],
  [
    'replay',
    verb(
      'topic',
      Operation.Replay,
      'look again at what a session saw of these topics, under the masks and approvals of reading',
    ),
  ],
  ['as', verb('group', Operation.Read, 'join these consumer groups and commit their offsets')],
  ['describe-groups', verb('group', Operation.Describe, 'see these consumer groups and their offsets')],
  ['delete-groups', verb('group', Operation.Delete, 'delete these consumer groups or their offsets')],
  ['transact-as', verb('transactional-id', Operation.Write, 'run transactions under these transactional ids')],
  ['describe-transactions', verb('transactional-id', Operation.Describe, 'see these transactional ids')],
] as const)

/** What each word behind `cluster` means. */
export const clusterVerbs: ReadonlyMap<ClusterVerb, Operation> = new Map([
  ['describe', Operation.Describe],
  ['alter', Operation.Alter],
  ['create', Operation.Create],
  ['describe-configs', Operation.DescribeConfigs],
  ['alter-configs', Operation.AlterConfigs],
  ['idempotent-write', Operation.IdempotentWrite],
  ['read-audit', Operation.ReadAudit],
] as const)

/** The word that grants or denies an operation, such as `consume`; `undefined` where the language has none. */
export function verbOf(resourceType: ResourceType, operation: Operation): Verb | ClusterVerb | undefined {
  if (resourceType === 'cluster') return [...clusterVerbs].find(([, granted]) => granted === operation)?.[0]
  return [...verbs].find(([, meaning]) => meaning.resourceType === resourceType && meaning.operation === operation)?.[0]
}
