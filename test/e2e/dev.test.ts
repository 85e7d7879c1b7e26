import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HeadgateRun, startHeadgate, startProgram } from '../clients/headgate.ts'
import { runTool } from '../clients/java.ts'
import { runProgram } from '../kafka/program.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { needsPart } from '../reporter/parts.ts'

const POLICY = `
rules:
  - id: orders-works-with-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: [orders] }
  - id: risk
    who: { kinds: [service], claims: { department: [risk] } }
    may: { consume: [ledger], produce: [ledger], as: [orders] }
  - id: people
    who: { kinds: [human] }
    may: { consume: [ledger] }
  - id: project
    who: { groups: [analytics] }
    when: { until: "2026-01-01T00:00:00Z" }
    may: { consume: [ledger] }
  - id: analytics-reads
    who: { groups: [analytics] }
    may: { consume: [orders], as: ["analytics-*"] }
`
/** A service as it was written for kafkajs, but for the import. */
const SERVICE = join(import.meta.dirname, 'first-hour-service.ts')

let kafka: KafkaCluster
let folder: string
let dev: HeadgateRun
let policy: string

interface Started {
  readonly bootstrap: string
  readonly folder: string
  readonly idleRules: readonly { readonly ruleId: string; readonly failed: string }[]
  readonly services: readonly {
    readonly clientId: string
    readonly groups: readonly string[]
    readonly environment: Readonly<Record<string, string>>
    readonly environmentPath: string
    readonly kcatPath: string
    readonly javaPath: string
  }[]
}
let started: Started

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-dev-test-'))
  watchdog().watchFolder(folder)
  policy = join(folder, 'policy.yaml')
  await writeFile(policy, POLICY)
  kafka = await startKafka({ plaintext: true })
  await kafka.createTopics([
    { topic: 'orders', partitions: 1 },
    { topic: 'payments', partitions: 1 },
    { topic: 'ledger', partitions: 1 },
  ])
  dev = startHeadgate(['dev', '--kafka', kafka.plaintextBootstrap ?? '', '--policy', policy, '--json'], {})
  started = JSON.parse((await dev.wrote(/^\{"ok":true.*\}$/m))[0]) as Started
})

afterAll(async () => {
  dev?.child.kill('SIGKILL')
  await dev?.ended
  await kafka?.stop()
  await rm(folder, { recursive: true, force: true })
  watchdog().forgetFolder(folder)
})

function serviceOf(clientId: string): Started['services'][number] {
  const service = started.services.find((each) => each.clientId === clientId)
  if (service === undefined) throw new Error(`no service ${clientId}`)
  return service
}

async function runService(environment: Readonly<Record<string, string>>, topic: string): Promise<HeadgateRun> {
  const args = ['--conditions=@headgate/source', '--disable-warning=TimeoutNegativeWarning', SERVICE, topic]
  const run = startProgram(process.execPath, args, environment)
  await run.ended
  return run
}

test('each subject and group of the policy is a service, and the folder is its user’s own and says what it is', async () => {
  expect(started.services.map(({ clientId, groups }) => [clientId, groups])).toEqual([
    ['orders', []],
    ['risk-service', []],
    ['analytics-service', ['analytics']],
  ])
  expect((await stat(started.folder)).mode & 0o777).toBe(0o700)
  expect((await stat(serviceOf('orders').environmentPath)).mode & 0o777).toBe(0o600)
  expect(await readFile(join(started.folder, 'README.txt'), 'utf8')).toContain('development')
})

test('with the environment set, a service whose import alone was changed produces and consumes [dev-one-command]', async () => {
  const run = await runService(serviceOf('orders').environment, 'orders')

  expect(run.out()).toContain('read: one order')
  expect(await run.ended).toBe(0)
})

test('a rule that asks for a claim and a kind has a service of whom the issuer states both', async () => {
  const run = await runService(serviceOf('risk-service').environment, 'ledger')

  expect(run.out()).toContain('read: one order')
  expect((await runService(serviceOf('orders').environment, 'ledger')).out()).toContain('ERR_KAFKAJS_DENIED')
})

test('rules that change nothing as it is are told', () => {
  expect(started.idleRules.map(({ ruleId, failed }) => [ruleId, failed])).toEqual([
    ['people', 'who'],
    ['project', 'when'],
  ])
})

test('Kafka’s own Java tools list the granted topic with the file that was written for them', async () => {
  const args = ['--bootstrap-server', started.bootstrap, '--command-config', serviceOf('orders').javaPath, '--list']
  const listed = await runTool('org.apache.kafka.tools.TopicCommand', { bootstrap: started.bootstrap }, () => args)

  expect(listed.stdout.trim().split('\n')).toEqual(['orders'])
})

test('kcat sees the granted topic with its file', async (context) => {
  needsPart(context, 'kcat')
  const listed = await runProgram('kcat', ['-F', serviceOf('orders').kcatPath, '-L'], { timeoutMs: 30_000 })

  expect([...listed.stdout.matchAll(/topic "([^"]+)"/g)].map(([, topic]) => topic)).toEqual(['orders'])
})

test('what the policy does not grant is denied in the service and told, and a change of the policy is in force soon', async () => {
  const denied = await runService(serviceOf('orders').environment, 'payments')
  expect(denied.out()).toContain('ERR_KAFKAJS_DENIED')

  await writeFile(
    policy,
    POLICY.replace('produce: [orders], consume: [orders]', 'produce: [orders, payments], consume: [orders, payments]'),
  )
  await dev.wrote(/policy in force[\s\S]*policy in force/)

  expect((await runService(serviceOf('orders').environment, 'payments')).out()).toContain('read: one order')
})

test('a policy with a mistake is told with its place, and the last one stays in force', async () => {
  await writeFile(policy, `${POLICY}    kann: { }\n`)
  await dev.wrote(/policy\.yaml:\d+:5: .*kann/)

  expect((await runService(serviceOf('orders').environment, 'orders')).out()).toContain('read: one order')
})

test('Ctrl+C ends it cleanly, and nothing of the folder is left', async () => {
  dev.child.kill('SIGINT')

  expect(await dev.ended).toBe(0)
  await expect(stat(started.folder)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('without Kafka it says so in one line, with what to do, and nothing is started', async () => {
  const run = startHeadgate(['dev', '--kafka', '127.0.0.1:1', '--policy', policy], {})
  await writeFile(policy, POLICY)

  expect(await run.ended).toBe(1)
  expect(run.out()).toBe('')
  expect(run.error()).toMatch(/no Kafka answers at `127\.0\.0\.1:1`.*\(ERR_CLI_KAFKA_UNREACHABLE\)\n$/)
})

test('for people it prints what to paste: the environment, and the files of other clients', async () => {
  const run = startHeadgate(
    ['dev', '--kafka', kafka.plaintextBootstrap ?? '', '--policy', policy, '--service', 'extra=a,b', '--kind', 'agent'],
    {},
  )
  await run.wrote(/Denials are told below/)
  const pasted = Object.fromEntries(
    [...run.out().matchAll(/^ +export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  )

  expect(Object.keys(pasted).sort()).toEqual([
    'HEADGATE_BUNDLE_KEYS',
    'HEADGATE_CLIENT_ID',
    'HEADGATE_CLIENT_SECRET',
    'HEADGATE_GATEWAY',
    'HEADGATE_INSECURE',
    'HEADGATE_ISSUER',
  ])
  expect(pasted['HEADGATE_CLIENT_ID']).toBe('extra')
  expect(run.out()).toMatch(/extra +groups: a, b/)
  expect(run.out()).toMatch(
    /policy\.yaml:\d+ `project` does not apply now: `when` wants until 2026-01-01T00:00:00\.000Z\n/,
  )
  expect(run.out()).toMatch(
    /`risk` is for nobody here: it is for kinds `service`\n[\s\S]*Everybody here is of kind `agent`/,
  )
  expect(run.out()).toMatch(/kcat -F \S+extra\.kcat -L/)
  run.child.kill('SIGTERM')
  expect(await run.ended).toBe(0)
})
