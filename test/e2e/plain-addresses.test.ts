import { connect as connectTls, type TLSSocket } from 'node:tls'
import {
  type ApiVersionsResponse,
  type FindCoordinatorResponse,
  hostPortFields,
  type MetadataResponse,
  type ProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consumerGroupsCommand, runTool, topicsCommand } from '../clients/java.ts'
import { kcat } from '../clients/kcat.ts'
import { RawClient } from '../clients/raw-client.ts'
import { batch } from '../equivalence/batch.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import type { World } from '../world/start-world.ts'
import { joinGroup, produceAll } from './plain-members.ts'
import { gatewayAddresses, kafkajsWithSecret, startPlainWorld, withOauth, withSecret } from './plain-world.ts'

const [PRODUCE, METADATA, FIND_COORDINATOR, API_VERSIONS, DESCRIBE_CONFIGS, DESCRIBE_CLUSTER] = [0, 3, 10, 18, 32, 60]
const TOPIC = 'shop.addresses'
const GROUP = { key: 'shop-addresses', keyType: 0 }
const TRANSACTION = { key: 'shop-tx', keyType: 1 }
const BROKER = 4
const FIRST_FIND_WITH_LIST = 4
const FIRST_PRODUCE_WITH_IDS = 13
const NOT_LEADER_OR_FOLLOWER = 6

let world: World
let addresses: Awaited<ReturnType<typeof gatewayAddresses>>

beforeAll(async () => {
  world = await startPlainWorld()
  addresses = await gatewayAddresses(world)
})

afterAll(() => world?.close())

/** Every `host:port` in a text that is not one of the gateway, and every port of a broker. */
function leaksIn(text: string): string[] {
  const ours = [addresses.bootstrap, ...addresses.brokers]
  const named = [...text.matchAll(/(?:localhost|127\.0\.0\.1):\d+/g)].map(([address]) => address)
  return named.filter((address) => !ours.includes(address))
}

/** What of a broker's address stands in the bytes of an answer; the gateway calls itself `localhost`. */
function leaksInBytes(bytes: Buffer): string[] {
  const ports = world.kafka.brokers.map(({ port }) => port)
  const asInt32 = (port: number): Buffer => Buffer.from(Uint32Array.of(port).buffer).swap32()
  return [
    ...(bytes.includes('127.0.0.1') ? ['127.0.0.1'] : []),
    ...ports.filter((port) => bytes.includes(asInt32(port)) || bytes.includes(`:${port}`)).map(String),
  ]
}

test('kafkajs is told the addresses of the gateway alone, and connects nowhere else [no-address-leak-live]', async () => {
  const connected = new Set<string>()
  const received: Buffer[] = []
  const kafka = kafkajsWithSecret(world, {
    socketFactory: ({ host, port, ssl, onConnect }): TLSSocket => {
      connected.add(`${host}:${port}`)
      const socket = connectTls({ host, port, ...ssl }, onConnect)
      return socket.on('data', (chunk: Buffer) => received.push(chunk))
    },
  })

  const admin = kafka.admin()
  await admin.connect()
  const { brokers } = await admin.describeCluster()
  await admin.disconnect()
  await produceAll(
    kafka,
    TOPIC,
    Array.from({ length: 30 }, (_, index) => `${index}`),
  )
  const reader = await joinGroup(kafka, TOPIC, 'shop-addresses')
  await until('all records', () => reader.seen.length === 30)
  await reader.stop()

  expect(brokers.map(({ host, port }) => `${host}:${port}`).sort()).toEqual(addresses.brokers.toSorted())
  expect([...connected].sort()).toEqual([addresses.bootstrap, ...addresses.brokers].sort())
  expect(leaksInBytes(Buffer.concat(received))).toEqual([])
})

test('kcat is told the addresses of the gateway alone [no-address-leak-live]', async (context) => {
  needsPart(context, 'kcat')
  const debug = { properties: { debug: 'broker,metadata,cgrp' }, timeoutMs: 20_000 }

  const listed = await kcat(withSecret(world), ['-L'])
  const read = await kcat(withSecret(world), ['-C', '-t', TOPIC, '-e'], debug)

  for (const address of addresses.brokers) expect(listed.stdout).toContain(address)
  expect(leaksIn(listed.stdout)).toEqual([])
  expect(read.stderr).toContain(addresses.brokers[0])
  expect(portsIn(read.stderr)).toEqual([])
})

/** librdkafka writes what it connects to as `ipv4#127.0.0.1:port`. */
function portsIn(text: string): number[] {
  return world.kafka.brokers.map(({ port }) => port).filter((port) => text.includes(`:${port}`))
}

test('Java clients are told the addresses of the gateway alone [no-address-leak-live]', async () => {
  const versions = (config: string): string[] => ['--bootstrap-server', world.bootstrap, '--command-config', config]
  const cluster = await runTool('org.apache.kafka.tools.BrokerApiVersionsCommand', withOauth(world), versions)
  const topics = await topicsCommand(withOauth(world), ['--describe', '--topic', TOPIC])
  const group = await consumerGroupsCommand(withSecret(world), ['--describe', '--group', 'shop-addresses', '--state'])

  for (const address of addresses.brokers) expect(cluster.stdout).toContain(`${address} (id: `)
  expect(topics.stdout).toContain('PartitionCount: 3')
  expect(group.stdout).toMatch(/localhost:\d+ /)
  for (const { stdout, stderr } of [cluster, topics, group]) {
    expect(leaksIn(stdout + stderr)).toEqual([])
    expect(portsIn(stdout + stderr)).toEqual([])
  }
})

/** A request of each API that tells addresses, and of one that tells settings with addresses in them. */
const ASKED: readonly { readonly apiKey: number; readonly body: (version: number) => object | Promise<object> }[] = [
  { apiKey: METADATA, body: () => ({ topics: null, allowAutoTopicCreation: false }) },
  { apiKey: FIND_COORDINATOR, body: (version) => coordinatorBody(version, GROUP) },
  { apiKey: FIND_COORDINATOR, body: (version) => coordinatorBody(version, TRANSACTION) },
  { apiKey: DESCRIBE_CLUSTER, body: () => ({}) },
  { apiKey: DESCRIBE_CONFIGS, body: () => ({ resources: brokerResources(), includeSynonyms: true }) },
]

/** Version 0 of FindCoordinator knows groups alone. */
const TRANSACTION_ROW = 2

function coordinatorBody(version: number, { key, keyType }: typeof GROUP): object {
  const type = keyType === GROUP.keyType ? {} : { keyType }
  return version < FIRST_FIND_WITH_LIST ? { key, ...type } : { coordinatorKeys: [key], ...type }
}

function brokerResources(): object[] {
  return world.kafka.brokers.map(({ id }) => ({
    resourceType: BROKER,
    resourceName: `${id}`,
    configurationKeys: null,
  }))
}

async function connected(address: string): Promise<RawClient> {
  const [host = '', port = ''] = address.split(':')
  const client = await RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
  await client.signInPlain('shop', world.secretOf('shop'))
  return client
}

/** Every host with the port beside it, and every text, of an answer. */
function addressesIn(answer: unknown): string[] {
  if (typeof answer === 'string') return answer.split(',')
  if (Buffer.isBuffer(answer) || typeof answer !== 'object' || answer === null) return []
  const { host, port } = answer as { readonly host?: unknown; readonly port?: unknown }
  const own = typeof port === 'number' && port > 0 ? [`${String(host)}:${port}`] : []
  return [...own, ...Object.values(answer).flatMap(addressesIn)]
}

const looksLikeAddress = (text: string): boolean => /:\d{4,5}$/.test(text) || text.includes('127.0.0.1')

test('no answer in any offered version names an address of a broker [no-address-leak-live]', async () => {
  const client = await connected(world.bootstrap)
  await until('a coordinator of transactions', async () => {
    const { errorCode } = await client.request<FindCoordinatorResponse>(FIND_COORDINATOR, 3, TRANSACTION)
    return errorCode === 0
  })
  const { apiKeys } = await client.request<ApiVersionsResponse>(API_VERSIONS, 2)
  const told = new Map<string, readonly string[]>()
  for (const [row, { apiKey, body }] of ASKED.entries()) {
    const range = apiKeys.find((offered) => offered.apiKey === apiKey)
    const first = row === TRANSACTION_ROW ? 1 : (range?.minVersion ?? 0)
    for (let version = first; version <= (range?.maxVersion ?? -1); version += 1) {
      const answer = await client.request(apiKey, version, await body(version))
      told.set(`row ${row}, version ${version}`, addressesIn(answer).filter(looksLikeAddress))
    }
  }
  client.close()

  const all = [...new Set([...told.values()].flat())]
  expect(all.sort()).toEqual(addresses.brokers.toSorted())
  // Settings name none; every other answer did.
  const quiet = [...told].filter(([, list]) => list.length === 0).map(([key]) => key.split(',')[0])
  expect([...new Set(quiet)]).toEqual([`row ${ASKED.length - 1}`])
})

test('a broker that is not the leader names the leader by the address of the gateway [no-address-leak-live]', async () => {
  const client = await connected(world.bootstrap)
  const { topics } = await client.request<MetadataResponse>(METADATA, 12, {
    topics: [{ name: TOPIC, topicId: ZERO_UUID }],
    allowAutoTopicCreation: false,
  })
  client.close()
  const [topic] = topics
  const { leaderId = -1 } = topic?.partitions.find(({ partitionIndex }) => partitionIndex === 0) ?? {}
  const other = await connected(addresses.brokers[(leaderId + 1) % addresses.brokers.length] ?? '')
  const named = hostPortFields.filter(({ apiKey }) => apiKey === PRODUCE)
  const first = Math.min(...named.map(({ minVersion }) => minVersion))
  for (let version = first; version <= FIRST_PRODUCE_WITH_IDS; version += 1) {
    const byId = version >= FIRST_PRODUCE_WITH_IDS
    const identity = { name: byId ? '' : TOPIC, topicId: byId ? (topic?.topicId ?? '') : ZERO_UUID }
    const topicData = [{ ...identity, partitionData: [{ index: 0, records: batch('x') }] }]
    const answer = await other.request<ProduceResponse>(PRODUCE, version, { acks: 1, timeoutMs: 1_000, topicData })

    expect(answer.responses[0]?.partitionResponses[0]).toMatchObject({
      errorCode: NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId },
    })
    expect(answer.nodeEndpoints.map(({ host, port }) => `${host}:${port}`)).toEqual([addresses.brokers[leaderId]])
  }
  other.close()
})

test('coordinators are found at the gateway, and are the brokers that Kafka names [no-address-leak-live]', async () => {
  const client = await connected(world.bootstrap)
  const keys = Array.from({ length: 20 }, (_, index) => `shop-${index}`)
  const { coordinators } = await client.request<FindCoordinatorResponse>(FIND_COORDINATOR, 4, {
    keyType: GROUP.keyType,
    coordinatorKeys: keys,
  })
  client.close()

  const wrong = coordinators.filter(({ nodeId, host, port }) => `${host}:${port}` !== addresses.brokers[nodeId])
  expect(wrong).toEqual([])
  expect(new Set(coordinators.map(({ nodeId }) => nodeId)).size).toBe(3)
})
