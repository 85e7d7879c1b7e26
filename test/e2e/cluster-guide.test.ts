import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Kafka, type KafkaConfig } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { HEADGATE, type HeadgateRun, startProgram } from '../clients/headgate.ts'
import { newCredential } from '../kafka/credential.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { plantSecret } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { connected } from './modes-workload.ts'

/** When warning began, in the guide. */
const WRITTEN_TIME = '2026-12-07T09:00Z'
/** What the guide calls its cluster. */
const WRITTEN_CLUSTER = 'orders-prod'
const GUIDE = join(import.meta.dirname, '../../docs/guides/a-running-cluster-under-policy.md')
/** What the guide has instead of a running process of ours. */
const RELOAD = 'kill -HUP $(cat gateway.pid)'
/** A service as it is today: it signs in with a credential of the brokers. */
const BILLING = newCredential('billing')

type Step =
  | { readonly kind: 'policy'; readonly text: string }
  | { readonly kind: 'config'; readonly text: string }
  | { readonly kind: 'command'; readonly line: string }

let world: World
let folder: string
let steps: Step[]

beforeAll(async () => {
  plantSecret(BILLING.password)
  folder = await mkdtemp(join(tmpdir(), 'headgate-cluster-guide-'))
  watchdog().watchFolder(folder)
  steps = stepsOf((await readFile(GUIDE, 'utf8')).replaceAll(WRITTEN_CLUSTER, 'demo'))
  const [config, policy] = steps
  if (config?.kind !== 'config' || policy?.kind !== 'policy') throw new Error('the guide begins otherwise')
  world = await startWorld({
    clients: ['security', 'shipping', 'billing'].map((clientId) => ({ clientId, groups: [] })),
    topics: ['payments', 'invoices', 'orders'].map((topic) => ({ topic, partitions: 1 })),
    policy: policy.text,
    scramUsers: [BILLING],
    acls: [
      { user: BILLING.username, operation: 'write', resourceType: 'topic', resourceName: 'payments' },
      { user: BILLING.username, operation: 'read', resourceType: 'topic', resourceName: 'payments' },
      { user: BILLING.username, operation: 'read', resourceType: 'group', resourceName: 'billing' },
    ],
    sections: { modes: (parse(config.text) as { modes: object }).modes },
    configure: (whole) => ({ ...whole, listener: { ...whole.listener, passThrough: true } }),
  })
  await writeFile(join(folder, 'policy.yaml'), policy.text)
  const program = [process.execPath, ...HEADGATE].map((word) => `'${word}'`).join(' ')
  await writeFile(join(folder, 'headgate'), `#!/bin/sh\nexec ${program} "$@"\n`)
  await chmod(join(folder, 'headgate'), 0o700)
  steps = steps.slice(2)
}, 120_000)

afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
  watchdog().forgetFolder(folder)
})

/** The blocks of the guide that say or do something, in order. */
function stepsOf(text: string): Step[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, language, block = '']): Step[] => {
    if (language === 'sh')
      return block
        .trim()
        .split('\n')
        .map((line) => ({ kind: 'command', line }))
    if (block.startsWith('# gateway.yaml\n')) return [{ kind: 'config', text: block }]
    return block.startsWith('# policy.yaml\n') ? [{ kind: 'policy', text: block }] : []
  })
}

function take<K extends Step['kind']>(kind: K): Extract<Step, { kind: K }> {
  const step = steps.shift()
  if (step?.kind !== kind) throw new Error(`the guide goes on with ${JSON.stringify(step)}`)
  return step as Extract<Step, { kind: K }>
}

async function run(start: string): Promise<HeadgateRun> {
  const { line } = take('command')
  expect(line.startsWith(start)).toBe(true)
  const command = startProgram(
    'sh',
    ['-c', line],
    {
      PATH: [folder, process.env['PATH']].join(delimiter),
      HEADGATE_GATEWAY: world.httpUrl,
      HEADGATE_CA: world.ca.path,
      HEADGATE_TOKEN: await world.identity.tokenFor('security'),
    },
    folder,
  )
  await command.ended
  return command
}

/** What a change of gateway.yaml and the signal do: the file is written, and read anew. */
async function reload(): Promise<void> {
  const { modes } = parse(take('config').text) as { modes: object }
  expect(take('command').line).toBe(RELOAD)
  const { configPath } = world.files
  const config = parse(await readFile(configPath, 'utf8')) as object
  await writeFile(configPath, stringify({ ...config, modes }, { aliasDuplicateObjects: false }))
  expect(world.gateway.reload().outcome).not.toBe('refused')
}

const tls = (): Pick<KafkaConfig, 'brokers' | 'ssl' | 'logLevel' | 'retry'> => ({
  brokers: [world.bootstrap],
  ssl: { ca: [world.ca.pem] },
  logLevel: 0,
  retry: { retries: 3 },
})

/** With the credential of the brokers that it has today. */
function billing(): Kafka {
  return new Kafka({ clientId: 'billing', ...tls(), sasl: { mechanism: 'scram-sha-512', ...BILLING } })
}

/** As itself. */
function service(clientId: string): Kafka {
  const sasl = { mechanism: 'plain' as const, username: clientId, password: world.secretOf(clientId) }
  return new Kafka({ clientId, ...tls(), sasl })
}

async function write(kafka: Kafka, topic: string): Promise<string> {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  const value = JSON.stringify({ card: { number: '4111111111111111' } })
  try {
    await connected(producer, () => producer.send({ topic, messages: [{ value }] }))
    return 'passed'
  } catch (error) {
    const { type, cause } = error as { readonly type?: string; readonly cause?: { readonly type?: string } }
    return type ?? cause?.type ?? 'failed'
  }
}

async function read(kafka: Kafka, topic: string, groupId: string): Promise<string> {
  const consumer = kafka.consumer({ groupId })
  return connected(consumer, async () => {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    return new Promise<string>((resolve, reject) => {
      consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) }).catch(reject)
    })
  })
}

/** What is done every day. */
async function workDay(biller = service('billing')): Promise<string> {
  expect(await write(biller, 'payments')).toBe('passed')
  expect(await write(service('shipping'), 'orders')).toBe('passed')
  return read(biller, 'payments', 'billing')
}

test('services work as before while the gateway watches, and a policy is drafted of it', async () => {
  expect(await workDay(billing())).toContain('4111111111111111')
  await run('headgate policy draft')
  expect(await (await run('headgate policy check draft.yaml')).ended).toBe(0)
  const { rules } = parse(await readFile(join(folder, 'draft.yaml'), 'utf8')) as {
    rules: { who: object; may: object }[]
  }
  expect(rules.map(({ who, may }) => ({ who, may }))).toEqual([
    {
      who: { issuers: ['brokers:demo'], subjects: ['billing'] },
      may: { consume: ['payments'], produce: ['payments'], as: ['billing'] },
    },
    { who: { issuers: ['corp'], subjects: ['shipping'] }, may: { produce: ['orders'] } },
  ])
}, 120_000)

test('services get identities of their own, and the draft becomes part of the policy', async () => {
  await run('sed')
  expect(await workDay()).toContain('4111111111111111')
  const { text } = take('policy')
  const draft = await readFile(join(folder, 'draft.yaml'), 'utf8')
  await writeFile(join(folder, 'policy.yaml'), text)
  await writeFile(join(dirname(world.files.policyPath), 'draft.yaml'), draft)
  await world.setPolicy(text)
  expect(await (await run('headgate policy check policy.yaml')).ended).toBe(0)
}, 60_000)

test('warn: masks are in force, what would be denied is let pass and told', async () => {
  await reload()
  const began = new Date().toISOString()
  steps = steps.map((step) =>
    step.kind === 'command' ? { ...step, line: step.line.replace(WRITTEN_TIME, began) } : step,
  )
  expect(await workDay()).toContain('"************1111"')
  expect(await write(service('shipping'), 'invoices')).toBe('passed')
  const told = await run('headgate audit list --event access.would-deny')
  expect(told.out()).toContain('shipping')
  expect(told.out()).toContain('invoices')
  expect(told.out()).not.toContain('billing')
}, 120_000)

test('enforce, one topic and then all: the same work passes, and what has no rule is refused [guide-running-cluster]', async () => {
  await reload()
  expect(await write(service('shipping'), 'payments')).toBe('TOPIC_AUTHORIZATION_FAILED')
  expect(await write(service('shipping'), 'invoices')).toBe('passed')
  await reload()
  await workDay()
  expect(await write(service('shipping'), 'invoices')).toBe('TOPIC_AUTHORIZATION_FAILED')
}, 120_000)

test('one line takes it back [guide-running-cluster]', async () => {
  await reload()
  expect(await write(service('shipping'), 'payments')).toBe('passed')
  expect(await write(service('shipping'), 'invoices')).toBe('TOPIC_AUTHORIZATION_FAILED')
}, 60_000)

test('grants that nobody uses are told with their place', async () => {
  const unused = await run('headgate policy draft --unused policy.yaml')
  expect(await unused.ended).toBe(0)
  expect(steps).toEqual([])
}, 60_000)
