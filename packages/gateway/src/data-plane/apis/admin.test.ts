import {
  apiMessage,
  defaultCreateTopicsResponseCreatableTopicResult,
  defaultDescribeConfigsResponseDescribeConfigsResourceResult,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { AnyApi, Verdict } from '../api.ts'
import { apis } from './apis.ts'
import { startBrokerStub } from './broker-fixture.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import { type Fields, uuidOf } from './message-fixture.ts'

const CREATES = `
rules:
  - id: creates
    who: everyone
    may: { create: ["orders*"], describe-configs: [orders] }
`
const CREATES_ALL = `
rules:
  - id: creates
    who: everyone
    may: { cluster: [create, describe-configs] }
`

function decide(
  client: ClientFixture,
  apiKey: number,
  fields: Fields,
  version?: number,
): Verdict<Fields, Fields> | Promise<Verdict<Fields, Fields>> {
  const api = apis.find((each) => each.apiKey === apiKey) as AnyApi
  const request = { ...apiMessage(apiKey).defaultRequest(), ...fields }
  return api.decide(client.call(apiKey, version ?? api.maxVersion), request) as Verdict<Fields, Fields>
}

async function answered(
  verdict: Verdict<Fields, Fields> | Promise<Verdict<Fields, Fields>>,
  response: Fields,
): Promise<unknown> {
  const decided = await verdict
  if (decided.kind !== 'forward') throw new Error(`not forwarded: ${decided.kind}`)
  return decided.edit?.(response)
}

describe('creating topics', () => {
  const created = (name: string): Fields => ({
    ...defaultCreateTopicsResponseCreatableTopicResult(),
    name,
    topicId: uuidOf(9),
    numPartitions: 3,
    replicationFactor: 1,
    configs: [{ name: 'retention.ms', value: '1' }],
  })

  test('shows the configuration to those who may see it, and hides it as Kafka does', async () => {
    const client = createClient(CREATES)
    const response = { topics: [created('orders'), created('orders.eu')] }
    await answered(decide(client, 19, { topics: [{ name: 'orders' }, { name: 'orders.eu' }] }), response)
    expect(response.topics).toMatchObject([
      { name: 'orders', numPartitions: 3, topicConfigErrorCode: 0, configs: [{ name: 'retention.ms' }] },
      { name: 'orders.eu', numPartitions: -1, replicationFactor: -1, topicConfigErrorCode: 29, configs: [] },
    ])
    expect(client.cluster.topicName(uuidOf(9))).toBe('orders.eu')
  })

  test('is granted for any name by the cluster', async () => {
    const verdict = await decide(createClient(CREATES_ALL), 19, { topics: [{ name: 'anything' }] }, 4)
    expect(verdict).toMatchObject({ kind: 'forward', request: null, edit: null })
  })
})

test('a topic id that the cluster does not know is not deleted', async () => {
  await using broker = await startBrokerStub(new Map([[uuidOf(2), 'hidden']]))
  const client = createClient(CREATES, [broker.address])
  const verdict = await decide(client, 20, {
    topics: [uuidOf(1), uuidOf(2)].map((topicId) => ({ name: null, topicId })),
  })
  expect(verdict).toMatchObject({
    kind: 'answer',
    response: {
      responses: [
        { name: null, topicId: uuidOf(1), errorCode: 100 },
        { name: null, topicId: uuidOf(2), errorCode: 29 },
      ],
    },
  })
  client.cluster.close()
})

test('a topic that is seen and may not be deleted is told by its name, when its id was given', async () => {
  await using broker = await startBrokerStub(new Map([[uuidOf(2), 'seen']]))
  const client = createClient('rules: [{ id: sees, who: everyone, may: { describe: [seen] } }]', [broker.address])
  const verdict = await decide(client, 20, { topics: [{ name: null, topicId: uuidOf(2) }] })
  expect(verdict).toMatchObject({
    kind: 'answer',
    response: { responses: [{ name: 'seen', topicId: uuidOf(2), errorCode: 29 }] },
  })
  client.cluster.close()
})

describe('settings that carry addresses', () => {
  const setting = (name: string, value: string, synonym = name): Fields => ({
    ...defaultDescribeConfigsResponseDescribeConfigsResourceResult(),
    name,
    value,
    synonyms: [{ name: synonym, value, source: 5 }],
  })
  const describeBroker = (client: ClientFixture): Verdict<Fields, Fields> | Promise<Verdict<Fields, Fields>> =>
    decide(client, 32, { resources: [{ resourceType: 4, resourceName: '0', configurationKeys: null }] })

  test.each([
    'listeners',
    'advertised.listeners',
    'controller.quorum.voters',
    'controller.quorum.bootstrap.servers',
    'some.reporter.bootstrap.servers',
    'host.name',
    'zookeeper.connect',
  ])('%s is withheld as sensitive', async (name) => {
    const configs = [setting(name, 'leak.internal:4242'), setting('num.io.threads', '8')]
    const response = { results: [{ resourceType: 4, resourceName: '0', configs }] }
    expect(await answered(describeBroker(createClient(CREATES_ALL)), response)).toBe(true)
    expect(JSON.stringify(response)).not.toContain('leak.internal')
    expect(configs).toMatchObject([
      { name, value: null, isSensitive: true },
      { value: '8', isSensitive: false },
    ])
  })

  test('so is a synonym, and a value that names a broker that the gateway knows', async () => {
    await using broker = await startBrokerStub(new Map())
    const client = createClient(CREATES_ALL, [broker.address])
    await client.cluster.resolveTopicIds([uuidOf(1)])
    const { host, port } = broker.address
    const configs = [
      setting('custom.peers', `x,${host}:${port}`),
      setting('other', 'leak.internal', 'advertised.host.name'),
    ]
    await answered(describeBroker(client), { results: [{ resourceType: 4, resourceName: '0', configs }] })
    expect(configs.map(({ value }) => value)).toEqual([null, null])
    client.cluster.close()
  })

  test('the others go on as they came', async () => {
    const response = { results: [{ resourceType: 4, resourceName: '0', configs: [setting('num.io.threads', '8')] }] }
    expect(await answered(describeBroker(createClient(CREATES_ALL)), response)).toBe(false)
  })
})

describe('describing the cluster', () => {
  test('controllers are not shown', async () => {
    expect(await decide(createClient(CREATES), 60, { endpointType: 2 })).toMatchObject({
      kind: 'answer',
      response: { errorCode: 115 },
    })
  })

  test('operations are those that policy and broker both allow', async () => {
    const response = { brokers: [], controllerId: 1, clusterAuthorizedOperations: 0xffff }
    await answered(decide(createClient(CREATES_ALL), 60, { endpointType: 1 }), response)
    expect(response).toMatchObject({ clusterAuthorizedOperations: (1 << 5) | (1 << 10), controllerId: 1 })
  })
})

describe('requests in the name of a replica', () => {
  test.each([
    [1, { replicaId: 3 }, 12],
    [1, { replicaId: -1, replicaState: { replicaId: 3 } }, 15],
    [2, { replicaId: 0 }, 11],
    [23, { replicaId: 0 }, 4],
  ])('api %i with %j end the connection', async (apiKey, fields, version) => {
    expect(await decide(createClient(CREATES), apiKey, fields, version)).toMatchObject({ kind: 'close' })
  })
})

describe('creating by a grant for the cluster', () => {
  const policy = `
rules:
  - id: creates
    who: everyone
    may: { cluster: [create] }
  - id: never
    who: everyone
    never: { create: [audit-log] }
`

  test('a denial of the name beats it, and internal topics are left out', async () => {
    const topics = ['fresh', 'audit-log', '__internal'].map((name) => ({
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }))
    expect(await decide(createClient(policy), 19, { topics })).toMatchObject({
      kind: 'forward',
      request: { topics: [{ name: 'fresh' }] },
    })
  })
})
