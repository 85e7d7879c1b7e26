import type { CreateAclsResponse, DescribeAclsResponse } from '@headgate/wire'
import { askBroker, assertNoError, everyBroker, type InternalAccess } from './broker-request.ts'
import { until } from './until.ts'

const RESOURCE_TYPES = { topic: 2, group: 3, cluster: 4, 'transactional-id': 5 } as const
const PATTERN_TYPES = { literal: 3, prefixed: 4 } as const
const PERMISSIONS = { deny: 2, allow: 3 } as const
const OPERATIONS = {
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  'cluster-action': 9,
  'describe-configs': 10,
  'alter-configs': 11,
  'idempotent-write': 12,
} as const

/** One of Kafka's own access rules. */
export interface Acl {
  readonly user: string
  /** `allow` by default. */
  readonly permission?: keyof typeof PERMISSIONS
  readonly operation: keyof typeof OPERATIONS
  readonly resourceType: keyof typeof RESOURCE_TYPES
  /** The cluster is called `kafka-cluster`. */
  readonly resourceName: string
  /** `literal` by default. */
  readonly patternType?: keyof typeof PATTERN_TYPES
}

const DESCRIBE_ACLS = { apiKey: 29, version: 3 }
const CREATE_ACLS = { apiKey: 30, version: 3 }
const ANY = 1
const EVERYTHING = {
  resourceTypeFilter: ANY,
  resourceNameFilter: null,
  patternTypeFilter: ANY,
  principalFilter: null,
  hostFilter: null,
  operation: ANY,
  permissionType: ANY,
}

/**
 * Creates access rules and waits until they are in force on every broker.
 *
 * @throws {BrokerAnswerError} `ERR_TEST_BROKER_ANSWER`
 */
export async function createAcls(access: InternalAccess, acls: readonly Acl[]): Promise<void> {
  const [port = 0] = access.ports
  if (acls.length === 0) return
  await askBroker(port, access.credential, async (client) => {
    const creations = acls.map(creation)
    const answer = await client.request<CreateAclsResponse>(CREATE_ACLS.apiKey, CREATE_ACLS.version, { creations })
    for (const { errorCode } of answer.results) assertNoError('CreateAcls', errorCode)
  })
  const wanted = acls.map((acl) => identity(creation(acl)))
  await until('the access rules on every broker', () =>
    everyBroker(access, async (client) => {
      const answer = await client.request<DescribeAclsResponse>(DESCRIBE_ACLS.apiKey, DESCRIBE_ACLS.version, EVERYTHING)
      const inForce = new Set(identities(answer))
      return wanted.every((each) => inForce.has(each))
    }),
  )
}

type Creation = ReturnType<typeof creation>

function creation(acl: Acl) {
  return {
    resourceType: RESOURCE_TYPES[acl.resourceType] as number,
    resourceName: acl.resourceName,
    resourcePatternType: PATTERN_TYPES[acl.patternType ?? 'literal'] as number,
    principal: `User:${acl.user}`,
    host: '*',
    operation: OPERATIONS[acl.operation] as number,
    permissionType: PERMISSIONS[acl.permission ?? 'allow'] as number,
  }
}

function identities({ resources }: DescribeAclsResponse): string[] {
  return resources.flatMap(({ acls, resourceType, resourceName, patternType }) =>
    acls.map((acl) => identity({ ...acl, resourceType, resourceName, resourcePatternType: patternType })),
  )
}

function identity(acl: Creation): string {
  const { resourceType, resourcePatternType, resourceName, principal, operation, permissionType } = acl
  return JSON.stringify([resourceType, resourcePatternType, resourceName, principal, operation, permissionType])
}
