import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientConnection } from '../clients/connection.ts'
import { consoleConsume, consoleProduce } from '../clients/java.ts'
import { runJavaProgram } from '../clients/java-program.ts'
import { kcat } from '../clients/kcat.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import type { World } from '../world/start-world.ts'
import { joinGroup, linesOf, numbered, produceAll, timed, untilCommitted, untilMembers } from './plain-members.ts'
import { surviveJava, surviveKafkajs, tick } from './plain-survival.ts'
import {
  kafkajsWithSecret,
  kafkajsWithToken,
  startPlainWorld,
  withOauth,
  withPastedToken,
  withSecret,
} from './plain-world.ts'

/** A client that hangs on a refusal takes longer; most of a Java program's time is its start. */
const PROMPT_MS = { kafkajs: 3_000, kcat: 8_000, java: 20_000 }
const TEST_TIMEOUT_MS = 120_000

let world: World

beforeAll(async () => {
  world = await startPlainWorld()
})

afterAll(() => world?.close())

// The clients wait for most of the time, each with topics and groups of its own.
describe.concurrent('plain clients over TLS and three brokers', { timeout: TEST_TIMEOUT_MS }, () => {
  test('kafkajs produces, reads in a group through rebalances, and is refused a topic and a group [client-kafkajs]', async () => {
    const [withToken, plain] = [kafkajsWithToken(world), kafkajsWithSecret(world)]
    const [first, second, third] = [numbered('first', 30), numbered('second', 30), numbered('third', 30)]
    await produceAll(withToken, 'shop.kafkajs', first)

    const one = await joinGroup(withToken, 'shop.kafkajs', 'shop-kafkajs')
    await until('the first records', () => one.seen.length >= first.length)
    const two = await joinGroup(plain, 'shop.kafkajs', 'shop-kafkajs')
    await until('the second member to join', () => two.joins() > 0 && one.joins() > 1)
    await produceAll(plain, 'shop.kafkajs', second)
    await until('the second records', () => one.seen.length + two.seen.length >= 60)
    const joins = one.joins()
    await two.stop()
    await until('the group without the second member', () => one.joins() > joins)
    await produceAll(plain, 'shop.kafkajs', third)
    await until('the third records', () => third.every((value) => one.seen.includes(value)))
    await one.stop()

    expect([...one.seen, ...two.seen].sort()).toEqual([...first, ...second, ...third].sort())
    expect(two.seen.length).toBeGreaterThan(0)
  })

  test('kafkajs is told at once that a topic or a group is refused [client-kafkajs]', async () => {
    const kafka = kafkajsWithSecret(world)

    const topic = await timed(() => produceAll(kafka, 'foreign', ['x']).catch((error: unknown) => error))
    const read = await timed(() => joinGroup(kafka, 'foreign', 'shop-none').catch((error: unknown) => error))
    const member = await joinGroup(kafka, 'shop.kafkajs', 'foreign-group')
    // kafkajs swallows the code of a refused coordinator, as it does on Kafka itself, and tries as often as it is told to.
    const crash = await until('the consumer to give up', () => member.crash())
    await member.stop()

    expect(topic.result).toMatchObject({ cause: { type: 'TOPIC_AUTHORIZATION_FAILED', code: 29 } })
    expect(read.result).toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED', code: 29 })
    expect(Math.max(topic.ms, read.ms)).toBeLessThan(PROMPT_MS.kafkajs)
    expect(crash.name).toMatch(/^KafkaJS(GroupCoordinatorNotFound|NumberOfRetriesExceeded)$/)
    expect(isRefused('foreign-group', 30)).toBe(true)
  })

  test('kcat produces, reads in a group through rebalances, and is refused a topic and a group [client-kcat]', async (context) => {
    needsPart(context, 'kcat')
    const kafka = kafkajsWithSecret(world)
    const [first, second, third] = [numbered('first', 30), numbered('second', 30), numbered('third', 30)]
    const ended = new AbortController()
    const read = {
      properties: { 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': '200' },
      timeoutMs: 60_000,
      signal: ended.signal,
    }

    const produced = await kcat(withSecret(world), ['-P', '-t', 'shop.kcat'], { input: `${first.join('\n')}\n` })
    const one = kcat(withSecret(world), ['-G', 'shop-kcat', 'shop.kcat', '-u'], read)
    await untilCommitted(kafka, 'shop-kcat', 'shop.kcat', 30)
    const two = kcat(await withPastedToken(world), ['-G', 'shop-kcat', 'shop.kcat', '-u', '-c', '5'], read)
    await untilMembers(kafka, 'shop-kcat', 2)
    await produceAll(kafka, 'shop.kcat', second)
    const left = await two
    await untilMembers(kafka, 'shop-kcat', 1)
    await produceAll(kafka, 'shop.kcat', third)
    await untilCommitted(kafka, 'shop-kcat', 'shop.kcat', 90)
    ended.abort()
    const stayed = await one

    expect(produced).toMatchObject({ code: 0 })
    expect(linesOf(left)).toHaveLength(5)
    expectAll([...linesOf(stayed), ...linesOf(left)], [...first, ...second, ...third])
  })

  test('kcat is told at once that a topic or a group is refused, and sees what is granted alone [client-kcat]', async (context) => {
    needsPart(context, 'kcat')

    const listed = await kcat(await withPastedToken(world), ['-L'])
    const topic = await timed(() => kcat(withSecret(world), ['-P', '-t', 'foreign'], { input: 'x\n' }))
    const read = await timed(() => kcat(withSecret(world), ['-C', '-t', 'foreign', '-e']))
    const group = await timed(() => kcat(withSecret(world), ['-G', 'foreign-group', 'shop.kcat']))

    expect(listed.stdout).toContain('3 brokers')
    expect(listed.stdout).not.toContain('foreign')
    expect(topic.result.stderr).toContain('Topic authorization failed')
    expect(read.result.stderr).toContain('Topic authorization failed')
    expect(group.result.stderr).toMatch(/GROUP_AUTHORIZATION_FAILED|Group authorization failed/)
    expect([topic, read, group].map(({ ms }) => ms < PROMPT_MS.kcat)).toEqual([true, true, true])
  })

  test('Java clients produce, read in a group through rebalances, and are refused a topic and a group [client-java]', async () => {
    const kafka = kafkajsWithSecret(world)
    const [first, second, third] = [numbered('first', 30), numbered('second', 30), numbered('third', 30)]
    const ended = new AbortController()
    const read = {
      group: 'shop-java',
      idleMs: 60_000,
      properties: { 'auto.commit.interval.ms': '200' },
      signal: ended.signal,
    }

    const produced = await consoleProduce(withOauth(world), 'shop.java', first)
    const one = consoleConsume(withOauth(world), 'shop.java', { ...read, maxMessages: 1_000 })
    await untilCommitted(kafka, 'shop-java', 'shop.java', 30)
    const two = consoleConsume(withSecret(world), 'shop.java', { ...read, maxMessages: 5 })
    await untilMembers(kafka, 'shop-java', 2)
    await produceAll(kafka, 'shop.java', second)
    const left = await two
    await untilMembers(kafka, 'shop-java', 1)
    await produceAll(kafka, 'shop.java', third)
    await untilCommitted(kafka, 'shop-java', 'shop.java', 90)
    ended.abort()
    const stayed = await one

    expect(produced.stderr).not.toContain('Exception')
    expect(linesOf(left)).toHaveLength(5)
    expectAll([...linesOf(stayed), ...linesOf(left)], [...first, ...second, ...third])
  })

  test.for<[string, () => ClientConnection]>([
    ['client id and secret', () => withSecret(world)],
    ["the identity provider's own token", () => withOauth(world)],
  ])('Java clients with %s are told at once that a topic or a group is refused [client-java]', async ([, connect]) => {
    const topic = await timed(() => consoleProduce(connect(), 'foreign', ['x']))
    const read = await timed(() => consoleConsume(connect(), 'foreign', { group: 'shop-none', maxMessages: 1 }))
    const group = await timed(() =>
      consoleConsume(connect(), 'shop.java', { group: 'foreign-group', maxMessages: 1, idleMs: 30_000 }),
    )

    expect(topic.result.stderr).toContain('TopicAuthorizationException')
    expect(read.result.stderr).toContain('TopicAuthorizationException')
    expect(group.result.stderr).toContain('GroupAuthorizationException')
    expect([topic, read, group].map(({ ms }) => ms < PROMPT_MS.java)).toEqual([true, true, true])
  })

  test('kafkajs and Java commit and abort transactions, and readers of committed records see only what was committed [transactions]', async () => {
    const kafka = kafkajsWithSecret(world)
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
    const java = await runJavaProgram('TransactionRoundTrip', withOauth(world), ['shop.transactions', 'shop-java'])
    expect(java).toMatchObject({ code: 0 })
    const refused = await runJavaProgram('TransactionRoundTrip', withSecret(world), ['shop.transactions', 'foreign-id'])
    expect(refused.stderr).toContain('TransactionalIdAuthorizationException')
    await produceAll(kafka, 'shop.transactions', ['the end'])

    const reader = await joinGroup(kafka, 'shop.transactions', 'shop-transactions')
    await until('the end', () => reader.seen.includes('the end'))
    await reader.stop()

    expect(reader.seen.toSorted()).toEqual(['java committed', 'kafkajs committed', 'the end'])
  })

  test('clients go on when their tokens end, by signing in again on the same connection [reauthentication]', async () => {
    const survived = await Promise.all([
      surviveKafkajs(kafkajsWithSecret(world), 'shop.long.kafkajs', 'shop-long-kafkajs-secret'),
      surviveKafkajs(kafkajsWithToken(world), 'shop.long.kafkajs-token', 'shop-long-kafkajs-token'),
      surviveJava([withSecret(world), withOauth(world)], withOauth(world), 'shop.long.java'),
    ])

    for (const { written, read } of survived) expect(read).toBe(written)
    const again = world.logLines.filter(({ event, decision }) => event === 're-authentication' && decision === 'allow')
    expect(again.filter(({ mechanism }) => mechanism === 'PLAIN').length).toBeGreaterThan(2)
    expect(again.filter(({ mechanism }) => mechanism === 'OAUTHBEARER').length).toBeGreaterThan(2)
  })

  test('kcat reads on across the end of its sessions by connecting again [reauthentication]', async (context) => {
    needsPart(context, 'kcat')
    const ended = new AbortController()
    const args = ['-E', '-C', '-t', 'shop.long.kcat', '-o', 'beginning', '-u']
    const reading = kcat(withSecret(world), args, { timeoutMs: TEST_TIMEOUT_MS, signal: ended.signal })

    const written = await tick(kafkajsWithSecret(world), 'shop.long.kcat')
    setTimeout(() => ended.abort(), 1_000)
    const { stdout } = await reading

    expect(linesOf({ stdout }).sort()).toEqual(numbered('tick', written).sort())
  })
})

/** Every record came once; whoever leaves a group may have read more than it had committed. */
function expectAll(seen: readonly string[], values: readonly string[]): void {
  expect(seen.toSorted()).toEqual(values.toSorted())
}

function isRefused(name: string, code: number): boolean {
  return world.logLines.some(
    ({ event, resourceName, errorCode }) => event === 'denial' && resourceName === name && errorCode === code,
  )
}
