import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePortRange, startTestGateway } from '@headgate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHeadgate } from '../clients/headgate.ts'
import { freePorts } from '../kafka/ports.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { recordForSweep } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
topics:
  - match: [payments]
    approval: { by: [leads], for: 1h }
rules:
  - id: orders-works-with-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders, payments], as: [orders] }
  - id: only-writes
    who: { subjects: [writer] }
    may: { produce: [orders] }
  - id: misspelt
    who: { subjects: [ghost] }
    may: { consume: [oders], as: [ghost] }
`
const STEPS = ['configuration', 'gateway', 'identity', 'exchange', 'bundle', 'sign-in', 'metadata', 'fetch']
const CLIENT = join(import.meta.dirname, '../../packages/kafkajs')

let world: World
let service: string

beforeAll(async () => {
  const clients = ['orders', 'writer', 'ghost', 'stranger'].map((clientId) => ({ clientId, groups: ['sellers'] }))
  const topics = ['orders', 'payments'].map((topic) => ({ topic, partitions: 2 }))
  world = await startWorld({ clients, topics, policy: POLICY })
  service = await mkdtemp(join(tmpdir(), 'headgate-doctor-'))
  watchdog().watchFolder(service)
  await writeFile(join(service, 'package.json'), '{ "name": "shop", "type": "module" }')
  await mkdir(join(service, 'node_modules/@headgate'), { recursive: true })
  await symlink(CLIENT, join(service, 'node_modules/@headgate/kafkajs'))
  await writeFile(
    join(service, 'shop.ts'),
    "import { Kafka } from '@headgate/kafkajs'\nexport const kafka = new Kafka({})\n",
  )
})
afterAll(async () => {
  await world?.close()
  await rm(service, { recursive: true, force: true })
  watchdog().forgetFolder(service)
})

interface Step {
  readonly area: string
  readonly status: 'passed' | 'failed' | 'noted'
  readonly what: string
  readonly message: string
  readonly code?: string
  readonly facts: Readonly<Record<string, unknown>>
}

type Environment = Readonly<Record<string, string>>

async function doctor(
  environment: Environment,
): Promise<{ readonly steps: readonly Step[]; readonly exitCode: number | null }> {
  // From its sources the client has kafkajs's timers as they are.
  const quiet = { NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' }
  const run = startHeadgate(['doctor', service, '--json'], { ...environment, ...quiet })
  const exitCode = await run.ended
  recordForSweep('log', run.out() + run.error())
  if (run.error() !== '') throw new Error(run.error())
  const { checks } = JSON.parse(run.out()) as { readonly checks: readonly Step[] }
  return { exitCode, steps: checks.filter(({ area }) => area === 'connection') }
}

test('a service that is set up well goes the whole way, and is told who it is and what it may do [doctor]', async () => {
  const { steps, exitCode } = await doctor(world.environmentOf('orders'))

  expect(steps.map(({ what, status }) => [what, status])).toEqual(STEPS.map((step) => [step, 'passed']))
  const facts = Object.fromEntries(steps.map((step) => [step.what, step.facts]))
  expect(facts['exchange']).toEqual({ subject: 'orders', issuer: 'corp', groups: ['sellers'] })
  expect(facts['metadata']).toMatchObject({ consume: ['orders'], produce: ['orders'], groups: ['orders'] })
  expect(facts['fetch']).toMatchObject({ topic: 'orders', groups: ['orders'] })
  expect(exitCode).toBe(0)
})

test('nothing was written, no group was joined, and no approval was asked for', async () => {
  const before = world.logLines.length
  await doctor(world.environmentOf('orders'))
  const lines = world.logLines.slice(before)

  expect(lines.filter(({ event }) => event === 'ask' || event === 'denial')).toEqual([])
  expect(lines.filter(({ event }) => event === 'sign-in').length).toBeGreaterThan(0)
})

test('a service that only writes has nothing to fetch', async () => {
  const { steps, exitCode } = await doctor(world.environmentOf('writer'))

  expect(steps.at(-1)).toMatchObject({ what: 'fetch', status: 'noted' })
  expect(exitCode).toBe(0)
})

interface Breakage {
  readonly step: string
  readonly code: string
  readonly clientId?: string
  readonly changes?: () => Environment | Promise<Environment>
}

async function tokenFile(audience: string): Promise<string> {
  const path = join(service, `${audience}.token`)
  await writeFile(path, await world.identity.signToken({ sub: 'orders', client_id: 'orders', aud: audience }))
  return path
}

const NO_CLIENT = { HEADGATE_ISSUER: '', HEADGATE_CLIENT_ID: '', HEADGATE_CLIENT_SECRET: '' }

const BREAKAGES: Readonly<Record<string, Breakage>> = {
  'no thumbprints': { step: 'configuration', code: 'CONFIGURATION', changes: () => ({ HEADGATE_BUNDLE_KEYS: '' }) },
  'no gateway address': { step: 'configuration', code: 'GATEWAY_MISSING', changes: () => ({ HEADGATE_GATEWAY: '' }) },
  'a gateway that does not answer': {
    step: 'gateway',
    code: 'GATEWAY_UNREACHABLE',
    changes: async () => ({ HEADGATE_GATEWAY: `https://localhost:${(await freePorts(1))[0]}` }),
  },
  'an unknown authority': { step: 'gateway', code: 'UNKNOWN_CA', changes: () => ({ HEADGATE_CA: '' }) },
  'a wrong secret': {
    step: 'identity',
    code: 'IDENTITY_REFUSED',
    changes: () => ({ HEADGATE_CLIENT_SECRET: 'wrong-secret-0123456789' }),
  },
  'a token for another audience': {
    step: 'exchange',
    code: 'IDENTITY_REFUSED',
    changes: async () => ({ ...NO_CLIENT, HEADGATE_TOKEN_FILE: await tokenFile('elsewhere') }),
  },
  'thumbprints of another gateway': {
    step: 'bundle',
    code: 'BUNDLE_REFUSED',
    changes: () => ({ HEADGATE_BUNDLE_KEYS: 'f1Q0G9nmyzXz7PAmn_3wcQtbPBtBdOx7ZMf3PcOEw9Y' }),
  },
  'a policy without a rule for it': { step: 'bundle', code: 'NO_RULE', clientId: 'stranger' },
  'a rule for a topic that is not there': { step: 'fetch', code: 'TOPIC_MISSING', clientId: 'ghost' },
}

async function expectBroken(environment: Environment, step: string, code: string): Promise<void> {
  const { steps, exitCode } = await doctor(environment)
  const before = STEPS.slice(0, STEPS.indexOf(step)).map((name) => [name, 'passed'])

  expect(steps.map(({ what, status }) => [what, status])).toEqual([...before, [step, 'failed']])
  expect(steps.at(-1)).toMatchObject({ code: `ERR_KAFKAJS_${code}`, message: expect.stringMatching(/.{30}/) })
  expect(exitCode).toBe(1)
}

test.each(Object.entries(BREAKAGES))('%s is named by its step', async (_, { step, code, clientId, changes }) => {
  await expectBroken({ ...world.environmentOf(clientId ?? 'orders'), ...(await changes?.()) }, step, code)
})

test('a Kafka listener that cannot be reached is named by the sign-in', async () => {
  const policy = join(service, 'policy.yaml')
  await writeFile(policy, POLICY)
  const firstPort = await freePortRange(3)
  // Nobody listens at the address that clients are told.
  const listener = {
    ...{ host: '127.0.0.1', advertisedHost: '127.0.0.2', port: firstPort, insecure: true },
    brokers: { firstPort: firstPort + 2, ids: `${world.kafka.brokers[0]?.id ?? 0}` },
  }
  const gateway = await startTestGateway({
    ...{ kafka: world.kafka.scramBootstrap, policy, firstPort, sections: { listener } },
    kafkaAccess: { sasl: { mechanism: 'scram-sha-512', ...world.kafka.gatewayCredential } },
  })
  try {
    await expectBroken(gateway.environmentOf('orders'), 'sign-in', 'GATEWAY_UNREACHABLE')
  } finally {
    await gateway.close()
  }
})

describe('once Kafka itself is gone', () => {
  beforeAll(() => world.kafka.stop())

  test('that is named by the step of the metadata, and not laid at the service', async () => {
    await expectBroken(world.environmentOf('orders'), 'metadata', 'GATEWAY_UNREACHABLE')
  })
})
