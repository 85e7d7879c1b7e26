import type { DescribeAclsResponse } from '@headgate/wire'
import type { RawClient } from '../../clients/raw-client.ts'
import { until } from '../../kafka/until.ts'
import type { User } from '../rights.ts'
import type { Row } from '../row.ts'

const [DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS, ALTER_REASSIGNMENTS, LIST_REASSIGNMENTS] = [29, 30, 31, 45, 46]
const [ANY, TOPIC, GROUP, CLUSTER] = [1, 2, 3, 4]
const [LITERAL, PREFIXED] = [3, 4]
const [READ, DESCRIBE] = [3, 8]
const [DENY, ALLOW] = [2, 3]
const FIRST_MOVE_WITH_OPTION = 1
const PRINCIPAL = 'User:ruled'

const filter = (fields: object = {}): object => ({
  resourceTypeFilter: ANY,
  resourceNameFilter: null,
  patternTypeFilter: ANY,
  principalFilter: PRINCIPAL,
  hostFilter: null,
  operation: ANY,
  permissionType: ANY,
  ...fields,
})

/** What finds the access rules that rows make, and no others: those of one side alone are what its users have rights by. */
export const RULES_OF_ROWS: object = filter()

const rule = (resourceType: number, resourceName: string, fields: object = {}): object => ({
  resourceType,
  resourceName,
  resourcePatternType: LITERAL,
  principal: PRINCIPAL,
  host: '*',
  operation: READ,
  permissionType: ALLOW,
  ...fields,
})

// One for each resource: the rules of one come in any order.
const RULES = [
  rule(TOPIC, 'foreign'),
  rule(TOPIC, 'ruled.', { resourcePatternType: PREFIXED, permissionType: DENY }),
  rule(GROUP, 'ruled', { host: '10.0.0.7' }),
  rule(CLUSTER, 'kafka-cluster', { operation: DESCRIBE }),
]
const IMPOSSIBLE = [rule(TOPIC, ''), rule(CLUSTER, 'another', { operation: DESCRIBE })]

const ruleRow = (apiKey: number, name: string, as: User, body: object): Row => ({ name, apiKey, as, body: () => body })

/** Makes the rules, and waits for the broker to know them. */
async function ruled(client: RawClient, version: number): Promise<object> {
  await client.request(CREATE_ACLS, version, { creations: RULES })
  await until('the rules are in force', async () => {
    const { resources } = await client.request<DescribeAclsResponse>(DESCRIBE_ACLS, version, RULES_OF_ROWS)
    return resources.length >= RULES.length
  })
  return {}
}

const ruleRows: readonly Row[] = [
  ...(['restricted', 'nobody', 'operator'] as const).map((user) =>
    ruleRow(CREATE_ACLS, `create acls: ${user}`, user, { creations: [...RULES, ...IMPOSSIBLE] }),
  ),
  ruleRow(CREATE_ACLS, 'create acls: none', 'restricted', { creations: [] }),
  ...(['restricted', 'nobody', 'operator'] as const).map(
    (user): Row => ({ ...ruleRow(DESCRIBE_ACLS, `describe acls: ${user}`, user, RULES_OF_ROWS), ...preparedFor(user) }),
  ),
  ruleRow(DESCRIBE_ACLS, 'describe acls: every one, for nobody', 'nobody', filter({ principalFilter: null })),
  ...(['restricted', 'nobody', 'operator'] as const).map(
    (user): Row => ({
      ...ruleRow(DELETE_ACLS, `delete acls: ${user}`, user, {
        filters: [
          filter({ resourceTypeFilter: TOPIC, resourceNameFilter: 'foreign', patternTypeFilter: LITERAL }),
          filter({ resourceTypeFilter: GROUP }),
          filter({ resourceNameFilter: 'no such' }),
        ],
      }),
      ...preparedFor(user),
    }),
  ),
  ruleRow(DELETE_ACLS, 'delete acls: none', 'restricted', { filters: [] }),
]

/** Who may not make rules finds those of the operator before. */
function preparedFor(user: User): Pick<Row, 'prepare'> {
  return user === 'operator' ? { prepare: ruled } : {}
}

const partition = (partitionIndex: number, replicas: number[] | null): object => ({ partitionIndex, replicas })

const moveRow = (name: string, as: User, topics: Readonly<Record<string, readonly object[]>>): Row => ({
  name: `alter partition reassignments: ${name}`,
  apiKey: ALTER_REASSIGNMENTS,
  as,
  body: ({ version }) => ({
    timeoutMs: 5_000,
    allowReplicationFactorChange: version < FIRST_MOVE_WITH_OPTION,
    topics: Object.entries(topics).map(([topic, partitions]) => ({ name: topic, partitions })),
  }),
})

const listRow = (name: string, as: User, names: readonly string[] | null): Row => ({
  name: `list partition reassignments: ${name}`,
  apiKey: LIST_REASSIGNMENTS,
  as,
  body: () => ({
    timeoutMs: 5_000,
    topics: names?.map((topic) => ({ name: topic, partitionIndexes: [0, 1] })) ?? null,
  }),
})

const SOME = ['moved', 'foreign', 'missing']

const reassignmentRows: readonly Row[] = [
  moveRow('granted', 'mover', {
    moved: [
      partition(0, [0]),
      partition(1, null),
      partition(2, [9]),
      partition(3, [0, 0]),
      partition(4, []),
      partition(9, [0]),
    ],
    altered: [partition(0, [0])],
    'granted-missing': [partition(0, [0])],
  }),
  moveRow('topics that are not granted', 'mover', {
    moved: [partition(0, [0])],
    foreign: [partition(0, [0])],
    missing: [partition(0, [0])],
  }),
  moveRow('nothing', 'mover', {}),
  moveRow('denied', 'restricted', { altered: [partition(0, [0])], missing: [partition(0, [0]), partition(1, [0])] }),
  moveRow('denied, nothing', 'nobody', {}),
  listRow('all', 'mover', null),
  listRow('named', 'mover', SOME),
  listRow('named, without rights on topics', 'operator', SOME),
  listRow('none', 'operator', []),
  listRow('all, denied', 'restricted', null),
  listRow('named, denied', 'nobody', SOME),
]

/** The APIs for the access rules of the brokers, and for where partitions are. */
export const brokerRuleRows: readonly Row[] = [...ruleRows, ...reassignmentRows]
