import type { ApiVersionsResponse, MetadataResponse } from '@headgate/wire'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { RawClient } from '../clients/raw-client.ts'
import { connectScram } from '../clients/scram-client.ts'
import { type Credential, newCredential } from '../kafka/credential.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { ACLS, POLICY, TOPICS, USERS, type User } from './rights.ts'
import { set } from './setting.ts'

const [METADATA, API_VERSIONS] = [3, 18]
const [ID_BYTES, MISSING_FILL] = [16, '?']

/** Kafka with its own access rules, or Kafka behind a gateway with the policy that says the same. */
export interface Side {
  readonly name: 'Kafka' | 'gateway'
  /** Ranges of versions by API key, as an ordinary user is told. */
  readonly versions: ReadonlyMap<number, { readonly min: number; readonly max: number }>
  /** What every user is told of the APIs. */
  readonly offered: ApiVersionsResponse
  /** A super user at the brokers themselves. */
  readonly admin: RawClient
  /** A new connection of a user, signed in. */
  connect(user: User): Promise<RawClient>
  kafkajs(user: User): Kafka
  /** The id of a topic of the cluster; of one that does not exist, an id that no cluster has. */
  topicId(name: string): string
  topicName(topicId: string): string | undefined
  close(): Promise<void>
}

/** Starts Kafka with access rules, for its users to come to directly. */
export async function startDirectSide(): Promise<Side> {
  const credentials = new Map(USERS.map((user) => [user, newCredential(user)] as const))
  const kafka = await startKafka({ scramUsers: [...credentials.values()], acls: ACLS })
  await kafka.createTopics(TOPICS)
  const credentialOf = (user: User): Credential => credentials.get(user) ?? newCredential(user)
  return await sideOf('Kafka', kafka, {
    connect: (user) => connectScram(kafka.scramBootstrap, credentialOf(user)),
    kafkajs: (user) =>
      kafkajs(user, {
        brokers: [kafka.scramBootstrap],
        sasl: { mechanism: 'scram-sha-512', ...credentialOf(user) },
      }),
    close: () => kafka.stop(),
  })
}

/** Starts Kafka behind a gateway. */
export async function startGatewaySide(): Promise<Side & { readonly world: World }> {
  const clients = USERS.map((clientId) => ({ clientId, groups: [] }))
  const world = await startWorld({ clients, topics: TOPICS, policy: POLICY })
  const [host = '', port = ''] = world.bootstrap.split(':')
  const side = await sideOf('gateway', world.kafka, {
    connect: async (user) => {
      const client = await RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
      await client.signInPlain(user, world.secretOf(user))
      return client
    },
    kafkajs: (user) =>
      kafkajs(user, {
        brokers: [world.bootstrap],
        ssl: { ca: [world.ca.pem] },
        sasl: { mechanism: 'plain', username: user, password: world.secretOf(user) },
      }),
    close: () => world.close(),
  })
  return { ...side, world }
}

function kafkajs(clientId: string, config: KafkaConfig): Kafka {
  return new Kafka({ clientId, retry: { retries: 2 }, logLevel: logLevel.NOTHING, ...config })
}

/** An id that no topic has, the same on both sides. */
function idOfMissing(topic: string): string {
  return Buffer.from(topic.padEnd(ID_BYTES, MISSING_FILL).slice(0, ID_BYTES)).toString('base64url')
}

function missingOf(topicId: string): string | undefined {
  const text = Buffer.from(topicId, 'base64url').toString('latin1')
  return text.endsWith(MISSING_FILL) ? text.replaceAll(MISSING_FILL, '') : undefined
}

type Entrance = Pick<Side, 'connect' | 'kafkajs' | 'close'>

async function sideOf(name: Side['name'], kafka: KafkaCluster, entrance: Entrance): Promise<Side> {
  const admin = await connectScram(kafka.scramBootstrap, kafka.adminCredential)
  await set(admin)
  const user = await entrance.connect('restricted')
  const software = { clientSoftwareName: 'equivalence', clientSoftwareVersion: '1' }
  const offered = await user.request<ApiVersionsResponse>(API_VERSIONS, 3, software)
  user.close()
  const { topics } = await admin.request<MetadataResponse>(METADATA, 12, { topics: null })
  const ids = new Map(topics.map(({ name, topicId }) => [name ?? '', topicId] as const))
  const names = new Map(topics.map(({ name, topicId }) => [topicId, name ?? ''] as const))
  return {
    name,
    offered,
    versions: new Map(
      offered.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]),
    ),
    admin,
    ...entrance,
    topicId: (topic) => ids.get(topic) ?? idOfMissing(topic),
    topicName: (topicId) => names.get(topicId) ?? missingOf(topicId),
    close: async () => {
      admin.close()
      await entrance.close()
    },
  }
}
