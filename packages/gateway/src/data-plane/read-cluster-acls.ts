import { type Clock, systemClock } from '@headgate/core'
import type { KafkaAcl } from '@headgate/policy/tools'
import type { DescribeAclsResponse } from '@headgate/wire'
import type { ClusterConfig } from '../config/gateway-config.ts'
import { upstreamTlsOptions } from './cluster-view.ts'
import { ClusterAclsError } from './errors.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { type UpstreamLink, UpstreamLinks } from './upstream-link.ts'

const MAX_FRAME_BYTES = 104_857_600
const CLIENT_ID = 'headgate-policy-import'
const DESCRIBE_ACLS = { apiKey: 29, apiVersion: 2, clientId: CLIENT_ID }
const ANY = 1
const EVERY_ACL = {
  resourceTypeFilter: ANY,
  resourceNameFilter: null,
  patternTypeFilter: ANY,
  principalFilter: null,
  hostFilter: null,
  operation: ANY,
  permissionType: ANY,
}

// Kafka's codes: ResourceType, AclOperation, PatternType, AclPermissionType.
const resourceTypes: ReadonlyMap<number, string> = new Map([
  [2, 'TOPIC'],
  [3, 'GROUP'],
  [4, 'CLUSTER'],
  [5, 'TRANSACTIONAL_ID'],
  [6, 'DELEGATION_TOKEN'],
  [7, 'USER'],
])
const operations: ReadonlyMap<number, string> = new Map([
  [2, 'ALL'],
  [3, 'READ'],
  [4, 'WRITE'],
  [5, 'CREATE'],
  [6, 'DELETE'],
  [7, 'ALTER'],
  [8, 'DESCRIBE'],
  [9, 'CLUSTER_ACTION'],
  [10, 'DESCRIBE_CONFIGS'],
  [11, 'ALTER_CONFIGS'],
  [12, 'IDEMPOTENT_WRITE'],
  [13, 'CREATE_TOKENS'],
  [14, 'DESCRIBE_TOKENS'],
  [15, 'TWO_PHASE_COMMIT'],
])
const patternTypes: ReadonlyMap<number, KafkaAcl['patternType']> = new Map([
  [3, 'LITERAL'],
  [4, 'PREFIXED'],
])
const permissions: ReadonlyMap<number, KafkaAcl['permission']> = new Map([
  [2, 'DENY'],
  [3, 'ALLOW'],
])

/**
 * Reads every access rule of a cluster, with the cluster's own credential, which needs Describe on the cluster.
 *
 * @throws {ClusterAclsError} `ERR_GATEWAY_CLUSTER_ACLS` when the brokers tell none, or one that is not understood.
 * @throws {UpstreamUnreachableError} `ERR_GATEWAY_UPSTREAM_UNREACHABLE` when no bootstrap server answers.
 * @throws {UpstreamSignInError} `ERR_GATEWAY_UPSTREAM_SIGN_IN` when the credential is refused.
 */
export async function readClusterAcls(
  cluster: ClusterConfig,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<readonly KafkaAcl[]> {
  const links = new UpstreamLinks(upstreamTlsOptions(cluster), MAX_FRAME_BYTES, new ReadBufferPool(), clock)
  const link = await openAny(links, cluster)
  try {
    return aclsOf(await link.request<DescribeAclsResponse>({ ...DESCRIBE_ACLS, body: EVERY_ACL }))
  } finally {
    link.close()
  }
}

/** Connects to the first bootstrap server that answers. */
async function openAny(links: UpstreamLinks, { bootstrap, sasl }: ClusterConfig): Promise<UpstreamLink> {
  let cause: unknown = new ClusterAclsError({ message: 'access rules: no bootstrap server is configured' })
  for (const address of bootstrap) {
    try {
      return await links.open(address, () => sasl, CLIENT_ID)
    } catch (error) {
      cause = error
    }
  }
  throw cause
}

function aclsOf({ errorCode, resources }: DescribeAclsResponse): KafkaAcl[] {
  if (errorCode !== 0) {
    const reasons: Readonly<Record<number, string>> = {
      31: 'the credential may not describe the cluster',
      54: 'the brokers have no authorizer',
    }
    const message = `access rules: ${reasons[errorCode] ?? `the broker answered error ${errorCode}`}`
    throw new ClusterAclsError({ message, details: { errorCode } })
  }
  return resources.flatMap(({ resourceType, resourceName, patternType, acls }) =>
    acls.map(({ principal, host, operation, permissionType }) => ({
      resourceType: resourceTypes.get(resourceType) ?? `TYPE_${resourceType}`,
      resourceName,
      patternType: known(patternTypes, patternType, 'pattern type'),
      principal,
      host,
      operation: operations.get(operation) ?? `OPERATION_${operation}`,
      permission: known(permissions, permissionType, 'permission'),
    })),
  )
}

/** What is not understood might be a denial. */
function known<T>(words: ReadonlyMap<number, T>, code: number, what: string): T {
  const word = words.get(code)
  if (word !== undefined) return word
  throw new ClusterAclsError({ message: `access rules: ${what} ${code} is not known`, details: { code } })
}
