import {
  defaultMetadataRequest,
  defaultMetadataResponse,
  defaultMetadataResponseBroker,
  defaultMetadataResponsePartition,
  defaultMetadataResponseTopic,
  ErrorCode,
  type MetadataRequest,
  type MetadataResponse,
  type MetadataResponseTopic,
  ZERO_UUID,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../api.ts'
import { startBrokerStub } from './broker-fixture.ts'
import { ADVERTISED, type ClientFixture, createClient } from './call-fixture.ts'
import { uuidOf } from './message-fixture.ts'
import { metadata } from './metadata.ts'

const POLICY = `
topics:
  - match: [shown]
    discoverable: true
rules:
  - id: reads-orders
    who: everyone
    may: { consume: [orders, orders.eu], create: [new-one], describe: [new-one] }
`
const VERSION = 12

type MetadataVerdict = Verdict<MetadataRequest, MetadataResponse>

function decide(
  client: ClientFixture,
  fields: Partial<MetadataRequest>,
  version = VERSION,
): MetadataVerdict | Promise<MetadataVerdict> {
  const request = { ...defaultMetadataRequest(), allowAutoTopicCreation: false, ...fields }
  return metadata.decide(client.call(3, version), request) as MetadataVerdict | Promise<MetadataVerdict>
}

const byName = (...names: string[]): MetadataRequest['topics'] => names.map((name) => ({ name, topicId: ZERO_UUID }))
const byId = (...ids: string[]): MetadataRequest['topics'] => ids.map((topicId) => ({ name: null, topicId }))

function topic(name: string, number: number, fields: Partial<MetadataResponseTopic> = {}): MetadataResponseTopic {
  return { ...defaultMetadataResponseTopic(), name, topicId: uuidOf(number), ...fields }
}

/** The broker's answer as the client gets it. */
async function answered(
  verdict: MetadataVerdict | Promise<MetadataVerdict>,
  fields: Partial<MetadataResponse>,
): Promise<MetadataResponse> {
  const decided = await verdict
  if (decided.kind !== 'forward') throw new Error(`not forwarded: ${decided.kind}`)
  const response = { ...defaultMetadataResponse(), ...fields }
  decided.edit?.(response)
  return response
}

const namesOf = ({ topics }: MetadataResponse): unknown[] => topics.map(({ name, errorCode }) => [name, errorCode])

describe('a request for all topics', () => {
  test('is answered with those that are seen, discoverable ones included', async () => {
    const topics = [
      topic('orders', 1),
      topic('hidden', 2),
      topic('shown', 3),
      topic('__consumer_offsets', 4, { isInternal: true }),
    ]
    const response = await answered(decide(createClient(POLICY), { topics: null }), { topics })
    expect(namesOf(response)).toEqual([
      ['orders', 0],
      ['shown', 0],
    ])
  })

  test('P3: never creates a topic', async () => {
    const verdict = await decide(createClient(POLICY), { topics: null, allowAutoTopicCreation: true })
    expect(verdict).toMatchObject({ kind: 'forward', request: { topics: null, allowAutoTopicCreation: false } })
  })

  test('teaches the gateway names and ids, also of topics that are not shown', async () => {
    const client = createClient(POLICY)
    await answered(decide(client, { topics: null }), { topics: [topic('orders', 1), topic('hidden', 2)] })
    expect([client.cluster.topicName(uuidOf(1)), client.cluster.topicName(uuidOf(2))]).toEqual(['orders', 'hidden'])
  })
})

describe('a request for named topics', () => {
  test('asks the broker for none when all are refused, so that its brokers are told', async () => {
    const client = createClient(POLICY)
    const verdict = await decide(client, { topics: byName('hidden', 'absent') })
    expect(verdict).toMatchObject({ kind: 'forward', request: { topics: [] } })
    expect(namesOf(await answered(verdict, {}))).toEqual([
      ['hidden', 29],
      ['absent', 29],
    ])
    expect(client.denials.map(({ resourceName }) => resourceName)).toEqual(['hidden', 'absent'])
  })

  test('a topic named twice is refused once, as Kafka does', async () => {
    const response = await answered(decide(createClient(POLICY), { topics: byName('hidden', 'absent', 'hidden') }), {})
    expect(namesOf(response)).toEqual([
      ['hidden', 29],
      ['absent', 29],
    ])
  })

  test('a refused topic has no id and no partitions', async () => {
    const { topics } = await answered(decide(createClient(POLICY), { topics: byName('hidden') }), {})
    expect(topics).toMatchObject([{ topicId: ZERO_UUID, partitions: [] }])
  })

  test.each([
    [['new-one'], true],
    [['new-one', 'orders'], false],
    [['new-one', 'hidden'], true],
  ])('creates %j on the way only where all that goes on may be created', async (names, isCreated) => {
    const verdict = await decide(createClient(POLICY), { topics: byName(...names), allowAutoTopicCreation: true })
    const request = verdict.kind === 'forward' ? verdict.request : undefined
    expect(request === null || request?.allowAutoTopicCreation).toBe(isCreated)
  })

  test('asks once more for what may be created, where the broker does not have it', async () => {
    const client = createClient(POLICY)
    const asked = { topics: byName('new-one', 'orders', 'orders.eu', 'hidden'), allowAutoTopicCreation: true }
    const missing = { errorCode: 3, topicId: ZERO_UUID }
    const told = await answered(decide(client, asked), {
      topics: [topic('new-one', 1, missing), topic('orders', 2, missing), topic('orders.eu', 3)],
    })

    expect(told.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['new-one', 3],
      ['orders', 3],
      ['orders.eu', 0],
      ['hidden', 29],
    ])
    expect(client.alsoSent).toMatchObject([
      { apiKey: 3, apiVersion: VERSION, body: { topics: byName('new-one'), allowAutoTopicCreation: true } },
    ])
    expect([...client.state.awaitedTopics]).toEqual(['new-one'])
  })

  test.each([
    ['is there', true, 0],
    ['has no leader yet', true, 5],
    ['is not to be created', false, 3],
  ])('asks no more for what %s', async (_, allowAutoTopicCreation, errorCode) => {
    const client = createClient(POLICY)
    const asked = { topics: byName('new-one', 'orders'), allowAutoTopicCreation }
    await answered(decide(client, asked), { topics: [topic('new-one', 1, { errorCode }), topic('orders', 2)] })

    expect(client.alsoSent).toEqual([])
  })
})

describe('a request by id', () => {
  test('is decided by the name that the cluster gives, and refused without it', async () => {
    const names = new Map([
      [uuidOf(1), 'orders'],
      [uuidOf(2), 'hidden'],
    ])
    await using broker = await startBrokerStub(names)
    const client = createClient(POLICY, [broker.address])
    const verdict = await decide(client, { topics: byId(uuidOf(1), uuidOf(2), uuidOf(3)) })
    expect(verdict).toMatchObject({ request: { topics: [{ topicId: uuidOf(1), name: null }] } })
    const { topics } = await answered(verdict, { topics: [topic('orders', 1)] })
    expect(topics.map(({ name, topicId, errorCode }) => [name, topicId, errorCode])).toEqual([
      ['orders', uuidOf(1), 0],
      [null, uuidOf(2), ErrorCode.TOPIC_AUTHORIZATION_FAILED],
      [null, uuidOf(3), ErrorCode.UNKNOWN_TOPIC_ID],
    ])
    client.cluster.close()
  })

  test('a name beside the id is asked about too', async () => {
    const client = createClient(POLICY)
    client.cluster.learnTopic('orders', uuidOf(1))
    const verdict = await decide(client, { topics: [{ name: 'hidden', topicId: uuidOf(1) }] })
    expect(verdict).toMatchObject({ request: { topics: [] } })
  })

  test.each([10, 11])('is invalid in version %i, as in Kafka', async (version) => {
    const verdict = await decide(createClient(POLICY), { topics: byId(uuidOf(1)) }, version)
    expect(verdict).toMatchObject({ kind: 'answer', response: { topics: [{ errorCode: ErrorCode.INVALID_REQUEST }] } })
  })
})

describe('what an answer says of the cluster', () => {
  const broker = (nodeId: number): MetadataResponse['brokers'][number] => ({
    ...defaultMetadataResponseBroker(),
    nodeId,
    host: 'leak',
    port: 1,
  })

  test.each([
    [1, [1, 7], 1],
    [7, [7, 2, 1], 2],
    [7, [7], -1],
  ])('controller %i among %j is told as %i', async (controllerId, brokerIds, told) => {
    const response = await answered(decide(createClient(POLICY), { topics: [] }), {
      controllerId,
      brokers: brokerIds.map(broker),
    })
    expect(response.controllerId).toBe(told)
    expect(response.brokers.every(({ host }) => host === ADVERTISED.host)).toBe(true)
  })

  test('a leader that is not served is one that is not available', async () => {
    const partitions = [1, 7].map((leaderId, partitionIndex) => ({
      ...defaultMetadataResponsePartition(),
      partitionIndex,
      leaderId,
    }))
    const response = await answered(decide(createClient(POLICY), { topics: byName('orders') }), {
      topics: [topic('orders', 1, { partitions })],
    })
    expect(response.topics[0]?.partitions.map(({ leaderId, errorCode }) => [leaderId, errorCode])).toEqual([
      [1, ErrorCode.NONE],
      [-1, ErrorCode.LEADER_NOT_AVAILABLE],
    ])
  })

  test('operations are those that policy and broker both allow', async () => {
    const all = 0b1_1111_1111_1000
    const topics = [topic('orders', 1, { topicAuthorizedOperations: all })]
    const response = await answered(decide(createClient(POLICY), { topics: byName('orders') }), {
      topics,
      clusterAuthorizedOperations: all,
    })
    expect(response.topics[0]?.topicAuthorizedOperations).toBe((1 << 3) | (1 << 8))
    expect(response.clusterAuthorizedOperations).toBe(0)
  })
})

test('many names that are refused are each refused, once and without delay', { timeout: 3_000 }, async () => {
  const names = Array.from({ length: 100_000 }, (_, number) => `x${number}`)
  const verdict = await decide(createClient(POLICY), { topics: byName(...names, ...names.slice(0, 10)) })
  const { topics } = await answered(verdict, {})
  expect(topics).toHaveLength(100_000)
  expect(topics.every(({ errorCode }) => errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED)).toBe(true)
})
