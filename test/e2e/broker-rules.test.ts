import { readdir, readFile } from 'node:fs/promises'
import type { Admin } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientConnection } from '../clients/connection.ts'
import { aclsCommand, reassignCommand } from '../clients/java.ts'
import { kafkaAtBrokers, plainKafka } from '../clients/kafkajs-clients.ts'
import { newCredential } from '../kafka/credential.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: operator-runs-the-cluster
    who: { subjects: [operator] }
    may: { cluster: [describe, alter], alter: [seen] }
  - id: stranger-reads
    who: { subjects: [stranger] }
    may: { consume: [seen], as: [stranger] }
`
const GONE = 2
/** Somebody whom the brokers know, and the gateway does not. */
const DIRECT = newCredential('direct')

let world: World

beforeAll(async () => {
  world = await startWorld({
    brokers: 3,
    clients: ['operator', 'stranger'].map((clientId) => ({ clientId, groups: [] })),
    topics: ['seen', 'hidden'].map((topic) => ({ topic, partitions: 1 })),
    policy: POLICY,
    scramUsers: [DIRECT],
  })
}, 120_000)
afterAll(() => world?.close())

function javaAs(clientId: string): ClientConnection {
  const sasl = { mechanism: 'PLAIN' as const, username: clientId, password: world.secretOf(clientId) }
  return { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
}

async function use<T>(admin: Admin, work: (admin: Admin) => Promise<T>): Promise<T> {
  await admin.connect()
  return await work(admin).finally(() => admin.disconnect())
}

const asDirect = (): Admin =>
  kafkaAtBrokers(world.kafka, {
    sasl: { mechanism: 'scram-sha-512', ...DIRECT },
    retry: { retries: 0 },
  }).admin()

/** Everything that the trail says was changed by these requests. */
async function changesOnRecord(api: string): Promise<object[]> {
  const folder = world.files.auditFolder
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  const text = (await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')))).join('')
  const lines = text.split('\n').filter((line) => line.includes('change.granted') && line.includes(api))
  return lines.map((line) => JSON.parse(line) as object)
}

test('what Kafka’s own command makes through the gateway holds at the brokers, and is on record [broker-rules]', async () => {
  const topics = (): Promise<string[]> => use(asDirect(), (admin) => admin.listTopics())
  expect(await topics()).toEqual([])

  const rule = ['--allow-principal', 'User:direct', '--operation', 'Describe', '--topic', 'hidden']
  const added = await aclsCommand(javaAs('operator'), ['--add', ...rule])
  const listed = await aclsCommand(javaAs('operator'), ['--list', '--principal', 'User:direct'])

  expect([added.code, added.stderr]).toEqual([0, expect.not.stringContaining('Exception')])
  expect(listed.stdout).toContain('name=hidden')
  await until('the broker grants it', async () => (await topics()).includes('hidden'))
  await until('the trail tells it', async () => (await changesOnRecord('CreateAcls')).length === 1)
  // Through the gateway the policy decides, whatever the rules of the brokers are.
  const seen = await use(plainKafka(world, 'operator').admin(), (admin) => admin.listTopics())
  expect(seen).toEqual(['seen'])
}, 60_000)

test('who may not is told so, in Kafka’s words, and no rule is made or shown [broker-rules]', async () => {
  const rule = ['--allow-principal', 'User:stranger', '--operation', 'All', '--topic', '*']
  const added = await aclsCommand(javaAs('stranger'), ['--add', ...rule])
  const listed = await aclsCommand(javaAs('stranger'), ['--list'])

  for (const { stdout, stderr } of [added, listed]) expect(stdout + stderr).toContain('ClusterAuthorizationException')
  expect(listed.stdout + listed.stderr).not.toContain('User:direct')
  const { stdout } = await aclsCommand(javaAs('operator'), ['--list', '--principal', 'User:stranger'])
  expect(stdout).not.toContain('ResourcePattern')
}, 60_000)

test('what is on the move is shown of topics that are seen, and of no others [broker-rules]', async () => {
  const move = (topic: string, replicas: number[]) => ({
    topics: [{ topic, partitionAssignment: [{ partition: 0, replicas }] }],
  })
  const moving = async (admin: Admin): Promise<string[]> => {
    const { topics } = await use(admin, (each) => each.listPartitionReassignments({}))
    // kafkajs calls it `topic` in its types, and gives what the protocol calls it.
    return (topics as unknown as { readonly name: string }[]).map(({ name }) => name).sort()
  }
  const atBrokers = (): Admin => kafkaAtBrokers(world.kafka).admin()
  const operator = (): Admin => plainKafka(world, 'operator').admin()
  for (const topic of ['seen', 'hidden'])
    await use(atBrokers(), (admin) => admin.alterPartitionReassignments(move(topic, [0])))
  await until('nothing is on the move', async () => (await moving(atBrokers())).length === 0)
  await world.kafka.kill(GONE)
  const brokers = (admin: Admin): Promise<number> =>
    use(admin, async (each) => (await each.describeCluster()).brokers.length)
  await until('the gateway knows that it is gone', async () => (await brokers(operator())) === 2)

  // A broker that is gone never has what it is to hold, so that both stay on the move.
  await use(operator(), (admin) => admin.alterPartitionReassignments(move('seen', [0, GONE])))
  const refusal = use(operator(), (admin) => admin.alterPartitionReassignments(move('hidden', [0, GONE])))
  await expect(refusal).rejects.toMatchObject({ errors: [{ type: 'TOPIC_AUTHORIZATION_FAILED' }] })
  await use(atBrokers(), (admin) => admin.alterPartitionReassignments(move('hidden', [0, GONE])))

  await until('both are on the move', async () => (await moving(atBrokers())).join() === 'hidden,seen')
  expect(await moving(operator())).toEqual(['seen'])
  const java = await reassignCommand(javaAs('operator'), ['--list'])
  expect(java.stdout).toContain('seen-0')
  expect(java.stdout).not.toContain('hidden')
  await until('the trail tells it', async () => (await changesOnRecord('AlterPartitionReassignments')).length > 0)
  expect(JSON.stringify(await changesOnRecord('AlterPartitionReassignments'))).not.toContain('hidden')
}, 90_000)
