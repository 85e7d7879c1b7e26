import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { allowedOperations, compileProgram, parsePolicy, residualFor } from '@headgate/policy'
import type { MetadataResponse } from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectScram } from '../clients/scram-client.ts'
import type { Acl } from '../kafka/acls.ts'
import { newCredential } from '../kafka/credential.ts'
import { startWorld, type World } from '../world/start-world.ts'

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts')
const METADATA = { apiKey: 3, version: 10 }
const NO_ID = Buffer.alloc(16).toString('base64url')
const TOPICS = ['orders', 'billing.in', 'billing.out', 'salaries']
const USERS = ['billing', 'reports', 'intern'].map(newCredential)
const ACLS: readonly Acl[] = [
  { user: 'billing', operation: 'all', resourceType: 'topic', resourceName: 'billing.', patternType: 'prefixed' },
  { user: 'billing', operation: 'read', resourceType: 'topic', resourceName: 'orders' },
  { user: 'billing', operation: 'read', resourceType: 'group', resourceName: 'billing' },
  { user: 'billing', operation: 'idempotent-write', resourceType: 'cluster', resourceName: 'kafka-cluster' },
  { user: 'reports', operation: 'read', resourceType: 'topic', resourceName: '*' },
  { user: 'reports', operation: 'read', resourceType: 'topic', resourceName: 'salaries', permission: 'deny' },
  { user: '*', operation: 'describe', resourceType: 'topic', resourceName: 'orders' },
  { user: 'intern', operation: 'alter-configs', resourceType: 'topic', resourceName: 'o', patternType: 'prefixed' },
  { user: 'intern', operation: 'cluster-action', resourceType: 'cluster', resourceName: 'kafka-cluster' },
]

let world: World
beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: TOPICS.map((topic) => ({ topic, partitions: 1 })),
    policy: 'rules: []',
    scramUsers: USERS,
    acls: ACLS,
  })
})
afterAll(() => world?.close())

async function headgate(...args: readonly string[]): Promise<string> {
  const command = ['--conditions=@headgate/source', MAIN, ...args]
  return (await promisify(execFile)(process.execPath, command)).stdout
}

/** The bits of operations that the broker itself tells a user of, by topic; 0 where it refuses the topic. */
async function operationsAtKafka(user: (typeof USERS)[number]): Promise<Map<string, number>> {
  const client = await connectScram(world.kafka.scramBootstrap, user)
  const body = {
    topics: TOPICS.map((name) => ({ topicId: NO_ID, name })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: true,
  }
  const { topics } = await client.request<MetadataResponse>(METADATA.apiKey, METADATA.version, body)
  client.close()
  return new Map(
    topics.map(({ name, errorCode, topicAuthorizedOperations }) => [
      name ?? '',
      errorCode === 0 ? topicAuthorizedOperations : 0,
    ]),
  )
}

test('access rules of a running cluster become a policy under which everyone may do the same with each topic', async () => {
  const text = await headgate(
    'policy',
    'import',
    '--from-acls',
    '--config',
    world.files.configPath,
    '--issuer',
    'kafka',
  )
  const parsed = parsePolicy({ path: 'imported.yaml', text }, () => '')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))

  for (const user of USERS) {
    const principal = { issuer: 'kafka', subject: user.username, groups: [] }
    const program = compileProgram(residualFor(parsed.document, principal))
    const byPolicy = new Map(TOPICS.map((topic) => [topic, allowedOperations(program, 'topic', topic)]))
    expect(byPolicy, user.username).toEqual(await operationsAtKafka(user))
  }
  expect(text).toContain('ALLOW User:intern CLUSTER_ACTION on CLUSTER kafka-cluster: ')
  expect(text).toContain('ALLOW User:reports READ on TOPIC *: ')
})
