import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGateway, createKeyFile, type Gateway, loadGatewayConfig } from '@headgate/gateway'
import { type Consumer, Kafka, type Producer, tokenCallback } from '@headgate/kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { collectLog, type LogLine } from '../world/log-collector.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: orders-service
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
  - id: guard
    who: { groups: [security] }
    may: { produce: [orders] }
`
const PATIENCE = { timeout: 60_000, interval: 50 }

let world: World
let gateway: Gateway
let lines: readonly LogLine[]
let isProviderAway: boolean
let events: string[]
let kafka: Kafka
let producer: Producer
let consumer: Consumer
let group = 0
let read: Set<string>

async function startGateway(): Promise<void> {
  const result = loadGatewayConfig(world.files.configPath)
  if (!result.ok) throw new Error('gateway.yaml')
  const log = collectLog()
  lines = log.lines
  gateway = await createGateway({ config: result.config, log: log.port })
  await gateway.start()
}

beforeAll(async () => {
  world = await startWorld({
    clients: [
      { clientId: 'orders', groups: [] },
      { clientId: 'guard', groups: ['security'] },
    ],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
    tokenLifetimeSeconds: 10,
    sections: {
      bundles: { currentKey: { file: 'bundle-key.jwk.json' }, refreshSeconds: 2, lifetimeSeconds: 30 },
      tokens: {
        signingKey: { file: 'token-key.jwk.json' },
        lifetimeSeconds: 10,
        revokers: [{ issuer: 'corp', group: 'security' }],
      },
    },
  })
  gateway = world.gateway
  lines = world.logLines
})
afterAll(async () => {
  await gateway?.close()
  await world?.close()
})

beforeEach(async () => {
  isProviderAway = false
  events = []
  read = new Set()
  kafka = new Kafka({
    clientId: 'orders',
    logLevel: 0,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 },
    headgate: {
      gateway: world.httpUrl,
      bundleKeys: [world.files.bundleKeyThumbprint],
      ca: world.ca.path,
      insecure: true,
      identity: tokenCallback(() => {
        if (isProviderAway) throw new Error('the provider does not answer')
        return world.identity.tokenFor('orders')
      }),
    },
  })
  for (const name of Object.values(kafka.events)) kafka.on(name, () => void events.push(name))
  producer = kafka.producer()
  // The broker waits for a member that is gone as long as its session lasts.
  consumer = kafka.consumer({ groupId: `orders-${++group}`, sessionTimeout: 6_000, heartbeatInterval: 1_000 })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.add(String(message.value)) })
})
afterEach(() => Promise.allSettled([producer.disconnect(), consumer.disconnect()]))

/** Writes a record until it is written; gives what failed before. */
async function writeUntilDone(value: string): Promise<unknown[]> {
  const failures: unknown[] = []
  await expect
    .poll(async () => {
      try {
        await producer.send({ topic: 'orders', messages: [{ value }] })
        return true
      } catch (error) {
        failures.push(error)
        return false
      }
    }, PATIENCE)
    .toBe(true)
  return failures
}
const roundTrip = async (name: string): Promise<unknown[]> => {
  // The topic is read from its beginning: no other test's record is to be taken for this one's.
  const value = `${name} ${group}`
  const failures = await writeUntilDone(value)
  await expect.poll(() => [...read], PATIENCE).toContain(value)
  return failures
}
const health = (): string[] =>
  kafka
    .access()
    .health()
    .consumers.map(({ state }) => state)

test('a gateway that is gone for a while is survived by producer and consumer, and nothing is denied', async () => {
  await roundTrip('before')
  await gateway.close()
  await expect(producer.send({ topic: 'orders', messages: [{ value: 'lost' }] })).rejects.toMatchObject({
    retriable: expect.anything(),
  })
  await startGateway()
  await roundTrip('after')
  expect(events).not.toContain('headgate.denied')
  expect(health()).toEqual(['running'])
})

test('a gateway that comes back with another token key is signed in to anew, without a crash', async () => {
  await roundTrip('before')
  await gateway.close()
  const pathOf = (name: string): string => join(dirname(world.files.configPath), name)
  createKeyFile('token', pathOf('token-other'))
  await rename(pathOf('token-other'), pathOf('token-key.jwk.json'))
  await startGateway()
  await roundTrip('after')
  expect(events).not.toContain('headgate.denied')
  await expect.poll(health, PATIENCE).toEqual(['running'])
})

test('an identity provider that is gone matters only when the token ends; then it is a matter of time, not a denial', {
  timeout: 150_000,
}, async () => {
  await roundTrip('before')
  isProviderAway = true
  expect(await writeUntilDone('with the token that there is')).toEqual([])
  const signedInAnew = (): number => lines.filter(({ event }) => event === 're-authentication').length
  const before = signedInAnew()
  await expect
    .poll(
      () =>
        producer.send({ topic: 'orders', messages: [{ value: 'x' }] }).then(
          () => 'written',
          (error: { name: string; code?: string; message: string }) => error.message,
        ),
      PATIENCE,
    )
    .toMatch(/identity|token|provider/i)
  // A token that cannot be renewed is not shown again with every request.
  expect(signedInAnew() - before).toBeLessThan(30)
  isProviderAway = false
  await roundTrip('after')
  expect(events).not.toContain('headgate.denied')
  await expect.poll(health, PATIENCE).toEqual(['running'])
})
