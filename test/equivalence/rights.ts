import type { Acl } from '../kafka/acls.ts'

/** Topics that both clusters have. `missing` and `granted-missing` are named by rows, and do not exist. */
export const TOPICS = [
  { topic: 'allowed', partitions: 3 },
  { topic: 'readable', partitions: 1 },
  { topic: 'writable', partitions: 1 },
  { topic: 'unacknowledged', partitions: 1 },
  { topic: 'described', partitions: 1 },
  { topic: 'foreign', partitions: 2 },
  { topic: 'team.a', partitions: 1 },
  { topic: 'team.secret', partitions: 1 },
  { topic: 'altered', partitions: 1 },
  { topic: 'moved', partitions: 5 },
  { topic: 'configs', partitions: 1 },
  { topic: 'settings', partitions: 1 },
  { topic: 'deletable.records', partitions: 1 },
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({ topic: `deletable.${number}`, partitions: 1 })),
] as const

/** `restricted` has rights of every kind but on the cluster, `nobody` has none, `operator` has rights on the cluster alone, and `mover` on it and some topics. */
export type User = 'restricted' | 'nobody' | 'operator' | 'mover'

/** Who signs in on either side. */
export const USERS: readonly User[] = ['restricted', 'nobody', 'operator', 'mover']

/** The rights as a policy says them. */
export const POLICY = `
rules:
  - id: restricted-uses-its-topics
    who: { subjects: [restricted] }
    may:
      consume: [allowed, readable, granted-missing, "team.*"]
      produce: [allowed, writable, unacknowledged, granted-missing, "team.*"]
      describe: [described]
      create: ["new.*"]
      delete: ["deletable.*"]
      alter: [altered]
      describe-configs: [configs]
      alter-configs: [settings]
      as: ["own-*"]
      describe-groups: [seen]
      delete-groups: ["old-*"]
      transact-as: ["tx-*"]
      describe-transactions: [seen-tx]
  - id: the-secret-of-the-team
    who: { subjects: [restricted] }
    never:
      consume: [team.secret]
      produce: [team.secret]
      describe: [team.secret]
      create: [team.secret]
      delete: [team.secret]
      alter: [team.secret]
      describe-configs: [team.secret]
      alter-configs: [team.secret]
  - id: operator-runs-the-cluster
    who: { subjects: [operator] }
    may: { cluster: [describe, alter, create, describe-configs, idempotent-write] }
  - id: mover-moves-its-topics
    who: { subjects: [mover] }
    may: { cluster: [describe, alter], alter: [altered, moved, granted-missing] }
`

type Grant = Omit<Acl, 'user'>

const topic = (resourceName: string, ...operations: readonly Acl['operation'][]): Grant[] =>
  operations.map((operation) => ({ operation, resourceType: 'topic', resourceName }))
const prefixed = (grants: readonly Grant[]): Grant[] => grants.map((grant) => ({ ...grant, patternType: 'prefixed' }))

const RESTRICTED: readonly Grant[] = [
  ...topic('allowed', 'read', 'write'),
  ...topic('granted-missing', 'read', 'write'),
  ...topic('readable', 'read'),
  ...topic('writable', 'write'),
  ...topic('unacknowledged', 'write'),
  ...topic('described', 'describe'),
  ...topic('altered', 'alter'),
  ...topic('configs', 'describe-configs'),
  ...topic('settings', 'alter-configs'),
  ...prefixed(topic('team.', 'read', 'write')),
  ...prefixed(topic('new.', 'create')),
  ...prefixed(topic('deletable.', 'delete')),
  ...topic('team.secret', 'all').map((grant) => ({ ...grant, permission: 'deny' as const })),
  { operation: 'read', resourceType: 'group', resourceName: 'own-', patternType: 'prefixed' },
  { operation: 'describe', resourceType: 'group', resourceName: 'seen' },
  { operation: 'delete', resourceType: 'group', resourceName: 'old-', patternType: 'prefixed' },
  { operation: 'write', resourceType: 'transactional-id', resourceName: 'tx-', patternType: 'prefixed' },
  { operation: 'describe', resourceType: 'transactional-id', resourceName: 'seen-tx' },
]

const cluster = (...operations: readonly Acl['operation'][]): Grant[] =>
  operations.map((operation) => ({ operation, resourceType: 'cluster', resourceName: 'kafka-cluster' }))

const OPERATOR = cluster('describe', 'alter', 'create', 'describe-configs', 'idempotent-write')
const MOVER = [
  ...cluster('describe', 'alter'),
  ...['altered', 'moved', 'granted-missing'].flatMap((name) => topic(name, 'alter')),
]

/** The same rights as Kafka's own access rules. */
export const ACLS: readonly Acl[] = [
  ...RESTRICTED.map((grant) => ({ ...grant, user: 'restricted' })),
  ...OPERATOR.map((grant) => ({ ...grant, user: 'operator' })),
  ...MOVER.map((grant) => ({ ...grant, user: 'mover' })),
]
