import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientConnection } from '../clients/connection.ts'
import { consoleConsume, consoleProduce, runTool } from '../clients/java.ts'
import { runJavaProgram } from '../clients/java-program.ts'
import { kcat } from '../clients/kcat.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import { startWorld, type World } from '../world/start-world.ts'

const TOKEN_LIFE_SECONDS = 20
/** Long enough for two tokens to end. */
const SURVIVED_SECONDS = 45

const POLICY = `
rules:
  - id: shop-owns-its-topics
    who: { subjects: [shop] }
    may: { produce: ["shop.*"], consume: ["shop.*"], as: ["shop-*"], transact-as: ["shop-*"] }
`
const TOPICS = ['kafkajs', 'kcat', 'java', 'transactions', 'long.kafkajs', 'long.java', 'long.kcat'].map((name) => ({
  topic: `shop.${name}`,
  // One partition keeps the order in which transactions ended: whoever read the last record has read all before it.
  partitions: name === 'transactions' ? 1 : 3,
}))

let world: World

beforeAll(async () => {
  world = await startWorld({
    brokers: 3,
    clients: [{ clientId: 'shop', groups: [] }],
    topics: [...TOPICS, { topic: 'foreign', partitions: 1 }],
    policy: POLICY,
    tokenLifetimeSeconds: TOKEN_LIFE_SECONDS,
  })
})

afterAll(() => world?.close())

function plain(): ClientConnection {
  return {
    bootstrap: world.bootstrap,
    caPath: world.ca.path,
    sasl: { mechanism: 'PLAIN', username: 'shop', password: world.secretOf('shop') },
  }
}

/** Kafka's built-in login, which asks the identity provider itself. */
function oauth(): ClientConnection {
  const { tokenEndpoint } = world.identity
  const sasl = {
    mechanism: 'OAUTHBEARER' as const,
    tokenEndpoint,
    clientId: 'shop',
    clientSecret: world.secretOf('shop'),
  }
  return { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
}

function kafkajs(
  sasl: KafkaConfig['sasl'] = { mechanism: 'plain', username: 'shop', password: world.secretOf('shop') },
): Kafka {
  return new Kafka({
    clientId: 'shop',
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    sasl,
    logLevel: logLevel.NOTHING,
    retry: { retries: 4 },
  })
}

async function produceAll(kafka: Kafka, topic: string, values: readonly string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value, index) => ({ key: `${index}`, value })) })
  await producer.disconnect()
}

interface Member {
  readonly seen: string[]
  joins(): number
  stop(): Promise<void>
}

async function joinGroup(kafka: Kafka, topic: string, groupId: string): Promise<Member> {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 500 })
  const seen: string[] = []
  let joins = 0
  consumer.on(consumer.events.GROUP_JOIN, () => {
    joins += 1
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) })
  return { seen, joins: () => joins, stop: () => consumer.disconnect() }
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

test('kafkajs produces, reads in a group through a rebalance, and is refused a topic and a group [client-kafkajs]', async () => {
  const kafka = kafkajs({
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({ value: await world.identity.tokenFor('shop') }),
  })
  const [first, second] = [numbered('first', 30), numbered('second', 30)]
  await produceAll(kafka, 'shop.kafkajs', first)

  const one = await joinGroup(kafka, 'shop.kafkajs', 'shop-readers')
  await until('the first records', () => one.seen.length >= first.length)
  const two = await joinGroup(kafka, 'shop.kafkajs', 'shop-readers')
  await until('the second member to join', () => two.joins() > 0 && one.joins() > 1)
  await produceAll(kafka, 'shop.kafkajs', second)
  await until('the second records', () => one.seen.length + two.seen.length >= first.length + second.length)
  await Promise.all([one.stop(), two.stop()])

  expect([...one.seen, ...two.seen].sort()).toEqual([...first, ...second].sort())
  expect(two.seen.length).toBeGreaterThan(0)
  await expect(produceAll(kafka, 'foreign', ['x'])).rejects.toMatchObject({ cause: { code: 29 } })
  await joinGroup(kafka, 'shop.kafkajs', 'foreign-group') // kafkajs tells a refused group in its CRASH event only
  await until('the refusal of the group', () =>
    world.logLines.some(
      ({ event, resourceName, errorCode }) =>
        event === 'denial' && resourceName === 'foreign-group' && errorCode === 30,
    ),
  )
})

/** Waits until a group is stable with so many members, as its own principal sees it. */
async function untilMembers(groupId: string, count: number): Promise<void> {
  const admin = kafkajs().admin()
  await admin.connect()
  await until(`${count} members of ${groupId}`, async () => {
    const { groups } = await admin.describeGroups([groupId])
    return groups[0]?.state === 'Stable' && groups[0].members.length === count
  })
  await admin.disconnect()
}

/** Both members had a share, and together they had everything. */
function expectEach(members: readonly { readonly stdout: string }[], values: readonly string[]): void {
  const seen = members.map(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
  for (const own of seen) expect(own.length).toBeGreaterThan(0)
  expect([...new Set(seen.flat())].sort()).toEqual(values.toSorted())
}

test('kcat produces, reads in a group through a rebalance, and is refused a topic and a group [client-kcat]', async (context) => {
  needsPart(context, 'kcat')
  const values = numbered('kcat', 20)

  const produced = await kcat(plain(), ['-P', '-t', 'shop.kcat'], { input: `${values.join('\n')}\n` })
  const read = { properties: { 'auto.offset.reset': 'earliest' }, timeoutMs: 14_000 }
  const one = kcat(plain(), ['-G', 'shop-kcat', 'shop.kcat', '-u'], read)
  await untilMembers('shop-kcat', 1)
  const two = kcat(plain(), ['-G', 'shop-kcat', 'shop.kcat', '-u'], read)
  await untilMembers('shop-kcat', 2)
  await produceAll(kafkajs(), 'shop.kcat', numbered('more', 30))
  const both = await Promise.all([one, two])
  const token = await world.identity.tokenFor('shop')
  const pasted: ClientConnection = { ...plain(), sasl: { mechanism: 'PLAIN', username: 'token', password: token } }
  const listed = await kcat(pasted, ['-L'])
  const topic = await kcat(plain(), ['-P', '-t', 'foreign'], { input: 'x\n', timeoutMs: 15_000 })
  const group = await kcat(plain(), ['-G', 'foreign-group', 'shop.kcat'], { timeoutMs: 15_000 })

  expect(produced).toMatchObject({ code: 0 })
  expectEach(both, [...values, ...numbered('more', 30)])
  expect(both[0].stderr.match(/rebalanced .*assigned/g)?.length).toBeGreaterThan(1)
  expect(listed.stdout).toContain('3 brokers')
  expect(listed.stdout).not.toContain('foreign')
  for (const { port } of world.kafka.brokers) expect(listed.stdout).not.toContain(`:${port}`)
  expect(topic.stderr).toContain('Topic authorization failed')
  expect(group.stderr).toMatch(/GROUP_AUTHORIZATION_FAILED|Group authorization failed/)
})

test('Java clients produce, read in a group through a rebalance, and are refused a topic and a group [client-java]', async () => {
  const values = numbered('java', 20)

  const produced = await consoleProduce(oauth(), 'shop.java', values)
  expect(produced.stderr).not.toContain('Exception')
  const read = { group: 'shop-java', maxMessages: 1_000, idleMs: 12_000 }
  const one = consoleConsume(plain(), 'shop.java', read)
  await untilMembers('shop-java', 1)
  const two = consoleConsume(oauth(), 'shop.java', read)
  await untilMembers('shop-java', 2)
  await produceAll(kafkajs(), 'shop.java', numbered('more', 30))
  const both = await Promise.all([one, two])
  const topic = await consoleProduce(plain(), 'foreign', ['x'])
  const group = await consoleConsume(plain(), 'shop.java', { group: 'foreign-group', maxMessages: 1, idleMs: 10_000 })

  expectEach(both, [...values, ...numbered('more', 30)])
  expect(topic.stderr).toContain('TopicAuthorizationException')
  expect(group.stderr).toContain('GroupAuthorizationException')
})

test('kafkajs and Java commit and abort transactions, and readers of committed records see only what was committed [transactions]', async () => {
  const kafka = kafkajs()
  const producer = kafka.producer({ transactionalId: 'shop-kafkajs', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (const [value, ends] of [
    ['kafkajs committed', 'commit'],
    ['kafkajs aborted', 'abort'],
  ] as const) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'shop.transactions', messages: [{ value }] })
    await transaction[ends]()
  }
  await producer.disconnect()
  const java = await runJavaProgram('TransactionRoundTrip', oauth(), ['shop.transactions', 'shop-java'])
  expect(java).toMatchObject({ code: 0 })
  const foreign = await runJavaProgram('TransactionRoundTrip', plain(), ['shop.transactions', 'foreign-id'])
  expect(foreign.stderr).toContain('TransactionalIdAuthorizationException')
  await produceAll(kafka, 'shop.transactions', ['the end'])

  const reader = await joinGroup(kafka, 'shop.transactions', 'shop-transactions')
  await until('the end', () => reader.seen.includes('the end'))
  await reader.stop()

  expect(reader.seen.toSorted()).toEqual(['java committed', 'kafkajs committed', 'the end'])
})

test('clients go on when their tokens end, by signing in again on the same connection, kcat by a new one [reauthentication]', async () => {
  const survived = await Promise.all([
    surviveKafkajs(),
    surviveJava('PLAIN', plain()),
    surviveJava('OAUTHBEARER', oauth()),
  ])

  for (const { written, read } of survived) expect(read).toBe(written)
  const again = world.logLines.filter(({ event, decision }) => event === 're-authentication' && decision === 'allow')
  expect(again.filter(({ mechanism }) => mechanism === 'PLAIN').length).toBeGreaterThan(2)
  expect(again.filter(({ mechanism }) => mechanism === 'OAUTHBEARER').length).toBeGreaterThan(2)
}, 120_000)

test('kcat reads on across the end of its sessions by connecting again [reauthentication]', async (context) => {
  needsPart(context, 'kcat')
  const kafka = kafkajs()
  const reading = kcat(plain(), ['-E', '-C', '-t', 'shop.long.kcat', '-o', 'beginning', '-u', '-c', '30'], {
    timeoutMs: 60_000,
  })
  for (let count = 0; count < 30; count += 1) {
    await produceAll(kafka, 'shop.long.kcat', [`tick-${count}`])
    await new Promise((resolve) => setTimeout(resolve, 900))
  }
  const { stdout, code } = await reading

  expect(code).toBe(0)
  expect(stdout.trim().split('\n').sort()).toEqual(numbered('tick', 30).sort())
}, 90_000)

interface Survival {
  readonly written: number
  readonly read: number
}

async function surviveKafkajs(): Promise<Survival> {
  const kafka = kafkajs()
  const reader = await joinGroup(kafka, 'shop.long.kafkajs', 'shop-long-kafkajs')
  const producer = kafka.producer()
  await producer.connect()
  let written = 0
  for (const endsAt = Date.now() + SURVIVED_SECONDS * 1_000; Date.now() < endsAt; ) {
    await producer.send({ topic: 'shop.long.kafkajs', messages: [{ value: `tick-${written}` }] })
    written += 1
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  await until('the last record', () => reader.seen.length >= written)
  await Promise.all([producer.disconnect(), reader.stop()])
  return { written, read: new Set(reader.seen).size }
}

async function surviveJava(name: string, connection: ClientConnection): Promise<Survival> {
  const written = SURVIVED_SECONDS * 5
  const group = `shop-long-${name}`
  const topic = 'shop.long.java'
  const args = (config: string): string[] => [
    '--topic',
    topic,
    '--num-records',
    String(written),
    '--record-size',
    '20',
    '--throughput',
    '5',
    '--command-config',
    config,
  ]
  const { stdout, stderr } = await runTool('org.apache.kafka.tools.ProducerPerformance', connection, args, {
    timeoutMs: 100_000,
  })
  expect(stderr, group).not.toContain('Exception')
  return { written, read: Number(/^(\d+) records sent.*99th/m.exec(stdout.trim().split('\n').at(-1) ?? '')?.[1]) }
}
