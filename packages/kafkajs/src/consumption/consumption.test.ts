import { beforeEach, expect, test } from 'vitest'
import { type Consumer, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from '#kafkajs'
import { type ActivePolicy, Gate } from '../access/gate.ts'
import type { Client } from '../facades/client.ts'
import { createConsumer } from '../facades/consumer.ts'
import { GrantedPartitions } from '../facades/granted-partitions.ts'
import { createErrorFromCode } from '../kafkajs/internals.cjs'
import { createTestClient } from '../testing/client.ts'
import { type ConsumerStandIns, createConsumerStandIns } from '../testing/consumer-stand-in.ts'
import { ManualClock, settled } from '../testing/manual-clock.ts'
import { policyOf } from '../testing/policy.ts'
import type { ConsumerHealth } from './consumer-health.ts'

const reads = (...topics: string[]): ActivePolicy =>
  policyOf(`rules: [{ id: r, who: everyone, may: { consume: [${topics.join()}], as: ["orders-*"] } }]`)
const nothing = policyOf('rules: []')
const [TOPIC_REFUSED, GROUP_REFUSED] = [createErrorFromCode(29), createErrorFromCode(30)]

let policy: ActivePolicy
let inner: ConsumerStandIns
let clock: ManualClock
let client: Client
let notices: [string, unknown][]
let renewals: number
let consumer: Consumer

beforeEach(() => {
  ;[policy, inner, clock, notices, renewals] = [
    reads('orders', 'orders.*'),
    createConsumerStandIns(),
    new ManualClock(),
    [],
    0,
  ]
  inner.topics = ['orders', 'orders.eu', 'payments']
  const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
  client = createTestClient(gate, {
    clock,
    listTopics: async () => inner.topics,
    consumerDenied: ({ reason }) => void notices.push(['denied', reason]),
    consumerResumed: ({ topics }) => void notices.push(['resumed', topics]),
    session: {
      ...createTestClient(gate).session,
      renew: async () => {
        renewals += 1
      },
    },
  })
  consumer = createConsumer(inner.create, client, 'orders-1', new GrantedPartitions(gate))
})

const health = (): ConsumerHealth | undefined => [...client.consumptions][0]?.health

async function changePolicy(next: ActivePolicy): Promise<void> {
  policy = next
  for (const consumption of client.consumptions) consumption.rightsChanged()
  await settled()
}

async function start(...topics: (string | RegExp)[]): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topics })
  await consumer.run({ eachMessage: async () => {} })
}

test('a denied consumer says so, and comes back with its handler and listeners when the policy allows it again', async () => {
  const joins: unknown[] = []
  consumer.on(consumer.events.GROUP_JOIN, () => void joins.push(1))
  await start('orders')
  const { config } = inner
  await changePolicy(nothing)
  inner.crash(TOPIC_REFUSED)

  expect(notices).toEqual([['denied', 'TOPIC_AUTHORIZATION_FAILED']])
  expect(health()).toMatchObject({ state: 'denied', reason: 'TOPIC_AUTHORIZATION_FAILED', topics: ['orders'] })
  await changePolicy(reads('payments'))
  expect(health()?.state).toBe('denied')
  await changePolicy(reads('orders'))

  expect(inner.calls.slice(-4)).toEqual(['1 disconnect', '2 connect', '2 subscribe orders', '2 run'])
  expect(inner.config).toBe(config)
  expect(joins.length).toBe(2)
  expect(health()).toMatchObject({ state: 'running', groupId: 'orders-1' })
  expect(health()).not.toHaveProperty('reason')
  expect(notices.at(-1)).toEqual(['resumed', ['orders']])
})

test.each([
  [
    'a denial of the client',
    async () => consumer.subscribe({ topic: 'payments' }).catch((error: Error) => error),
    'ERR_KAFKAJS_DENIED',
  ],
  ['a refusal of the group', async () => GROUP_REFUSED, 'GROUP_AUTHORIZATION_FAILED'],
  [
    'a refusal after retries',
    async () => new KafkaJSNumberOfRetriesExceeded(TOPIC_REFUSED, { retryCount: 5, retryTime: 1 }),
    'TOPIC_AUTHORIZATION_FAILED',
  ],
])('%s is a denial', async (_, make, reason) => {
  await start('orders')
  inner.crash((await make()) as Error)

  expect(health()).toMatchObject({ state: 'denied', reason })
  expect(renewals).toBe(1)
})

test('what is allowed here and refused at the gateway is tried again, more and more seldom', async () => {
  await start('orders')
  const runs = (): number => inner.calls.filter((call) => call.endsWith(' run')).length
  for (const [pauseMs, expected] of [
    [1000, 2],
    [3000, 3],
    [9000, 4],
    [27_000, 5],
    [81_000, 6],
    [243_000, 7],
    [300_000, 8],
    [300_000, 9],
  ] as const) {
    inner.crash(TOPIC_REFUSED)
    await clock.pass(pauseMs - 1)
    expect(runs()).toBe(expected - 1)
    await clock.pass(1)
    expect(runs()).toBe(expected)
  }
  await clock.pass(300_001)
  inner.crash(TOPIC_REFUSED)
  await clock.pass(1000)
  expect(runs()).toBe(10)
})

test('while the policy denies it, a newer one is looked for, more and more seldom', async () => {
  await start('orders')
  await changePolicy(nothing)
  inner.crash(TOPIC_REFUSED)
  for (const pauseMs of [1000, 3000, 9000]) await clock.pass(pauseMs)

  expect([renewals, inner.calls.filter((call) => call.endsWith(' run')).length]).toEqual([4, 1])
})

test('a consumer that cannot connect comes back later', async () => {
  await start('orders')
  inner.crash(TOPIC_REFUSED)
  inner.connectError = new KafkaJSNonRetriableError('no gateway')
  await clock.pass(1000)
  expect(health()).toMatchObject({ state: 'denied', reason: 'KafkaJSNonRetriableError' })
  await clock.pass(3000)

  expect(health()?.state).toBe('running')
})

test('another crash is the end, unless kafkajs itself starts again', async () => {
  await start('orders')
  inner.crash(new Error('secret'), true)
  expect(health()?.state).toBe('running')
  inner.crash(new TypeError('secret'))

  expect(health()).toMatchObject({ state: 'crashed', reason: 'TypeError' })
  await changePolicy(reads('orders'))
  await clock.pass(600_000)
  expect([health()?.state, notices]).toEqual(['crashed', []])
})

test.each(['stop', 'disconnect'] as const)('after %s nothing brings it back', async (method) => {
  await start('orders')
  inner.crash(TOPIC_REFUSED)
  await consumer[method]()
  const { length } = inner.calls
  await clock.pass(600_000)
  await changePolicy(reads('orders'))

  expect([inner.calls.length, client.consumptions.size]).toEqual([length, 0])
})

test('what the application starts again itself is not started twice', async () => {
  await start('orders')
  inner.crash(TOPIC_REFUSED)
  await consumer.run({ eachMessage: async () => {} })
  const { length } = inner.calls
  await clock.pass(600_000)

  expect([health()?.state, inner.calls.length]).toEqual(['running', length])
})

test('expressions follow the policy, literal names beside them stay, and what was paused stays paused', async () => {
  await start('orders', /^(orders\.|pay)/)
  consumer.pause([
    { topic: 'orders', partitions: [1] },
    { topic: 'orders.eu', partitions: [0] },
  ])
  await changePolicy(reads('orders', 'orders.*', 'other'))
  expect(inner.calls.filter((call) => call.endsWith('connect'))).toEqual(['1 connect'])
  await changePolicy(reads('orders', 'payments'))

  expect(inner.calls.slice(-5)).toEqual([
    '1 disconnect',
    '2 connect',
    '2 subscribe orders,payments',
    '2 run',
    '2 pause orders',
  ])
  expect(health()?.topics).toEqual(['orders', 'payments'])
})

test('expressions that find nothing allowed are a denial, and no group without topics', async () => {
  await start(/^orders/)
  await changePolicy(reads('payments'))

  expect(health()).toMatchObject({ state: 'denied', topics: ['orders', 'orders.eu'] })
  expect(notices).toEqual([['denied', 'TOPIC_AUTHORIZATION_FAILED']])
  await clock.pass(1000)
  expect(inner.calls.slice(-2)).toEqual(['1 disconnect', '1 disconnect'])
  await changePolicy(reads('orders.eu'))

  expect(health()).toMatchObject({ state: 'running', topics: ['orders.eu'] })
  expect(notices.length).toBe(2)
})

test('a topic that was made since is found when the policy changes', async () => {
  await start(/^orders/)
  inner.topics.push('orders.us')
  await changePolicy(reads('orders', 'orders.*', 'other'))

  expect(health()?.topics).toEqual(['orders', 'orders.eu', 'orders.us'])
})
