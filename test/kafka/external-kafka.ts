import { withAdmin } from './admin.ts'
import { NotInThisClusterError } from './errors.ts'
import type { KafkaCluster } from './start-kafka.ts'

/** A cluster of one's own, named by the environment in place of the one that `startKafka` starts. */
export interface ExternalKafkaSettings {
  /** `KAFKA_BOOTSTRAP_SERVERS`: a listener with SASL/SCRAM-SHA-512 and without TLS. */
  readonly bootstrap: string
  /** `KAFKA_USERNAME` and `KAFKA_PASSWORD`: may create topics, and stands for the administrator and the gateway. */
  readonly credential: { readonly username: string; readonly password: string }
}

/** Reads the settings of a cluster of one's own; `undefined` where the environment names none. */
export function externalKafkaSettings(env: NodeJS.ProcessEnv = process.env): ExternalKafkaSettings | undefined {
  const { KAFKA_BOOTSTRAP_SERVERS: bootstrap, KAFKA_USERNAME: username = '', KAFKA_PASSWORD: password = '' } = env
  return bootstrap === undefined || bootstrap === '' ? undefined : { bootstrap, credential: { username, password } }
}

/** Connects to a cluster of one's own. Topics that exist are used as they are, and nothing is stopped or removed. */
export async function externalKafka({ bootstrap, credential }: ExternalKafkaSettings): Promise<KafkaCluster> {
  const { brokers } = await withAdmin(bootstrap, credential, (admin) => admin.describeCluster())
  return {
    version: '4.3.1',
    brokers: brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port, pid: 0 })),
    scramBootstrap: bootstrap,
    plaintextBootstrap: undefined,
    relayedAddress: undefined,
    tlsBootstrap: undefined,
    adminCredential: credential,
    gatewayCredential: credential,
    createTopics: (topics) =>
      withAdmin(bootstrap, credential, async (admin) => {
        const existing = new Set(await admin.listTopics())
        const missing = topics.filter(({ topic }) => !existing.has(topic))
        await admin.createTopics({
          topics: missing.map(({ topic, partitions }) => ({ topic, numPartitions: partitions })),
          waitForLeaders: missing.length > 0,
        })
      }),
    createAcls: async () => {
      throw new NotInThisClusterError('access rules of the fixture')
    },
    stop: async () => {},
    kill: async (brokerId) => {
      throw new NotInThisClusterError(`broker ${brokerId}, which another started`)
    },
  }
}
