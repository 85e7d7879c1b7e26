import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withAdmin } from './admin.ts'
import { type BrokerProcess, startBroker } from './broker-process.ts'
import { type BrokerPlan, brokerProperties, type ClusterPlan, type Credential, HOST } from './broker-properties.ts'
import { KafkaStartError, NotInThisClusterError, PortTakenError } from './errors.ts'
import { type JarSet, type KafkaVersion, kafkaJars, type Progress } from './jars.ts'
import { javaFlags, type KafkaProfile } from './java-flags.ts'
import { findJava, type JavaRuntime } from './java-runtime.ts'
import { freePorts } from './ports.ts'
import { formatStorage, PROPERTIES_FILE } from './storage.ts'
import { until } from './until.ts'
import { watchdog } from './watchdog.ts'

/** What a cluster is made from. */
export interface KafkaOptions {
  /** One broker, or three of which broker 0 is the controller too; one by default. */
  readonly brokers?: 1 | 3
  readonly version?: KafkaVersion
  readonly profile?: KafkaProfile
  /** Off by default. */
  readonly autoCreateTopics?: boolean
  /** Users without any right, beside the super users `admin` and `gateway`. */
  readonly scramUsers?: readonly Credential[]
  /** A listener without credentials, for benchmarks: a way around every gateway. */
  readonly plaintext?: boolean
  /** A listener with SCRAM inside TLS; the private key is PKCS #8. */
  readonly tls?: { readonly caPem: string; readonly certPem: string; readonly keyPem: string }
  /** Lines of `server.properties` that win over the fixture's own. */
  readonly extraProperties?: Readonly<Record<string, string>>
  /** Further flags of every broker's Java. */
  readonly extraJavaFlags?: readonly string[]
  readonly onProgress?: Progress
}

/** One running broker. */
export interface Broker {
  readonly id: number
  readonly host: string
  /** Where SCRAM clients connect. */
  readonly port: number
  readonly pid: number
}

/** A running cluster. */
export interface KafkaCluster {
  readonly version: KafkaVersion
  readonly brokers: readonly Broker[]
  /** `host:port,…` of the SCRAM listener. */
  readonly scramBootstrap: string
  /** Likewise of the listener without credentials, where there is one. */
  readonly plaintextBootstrap: string | undefined
  /** Likewise of SCRAM inside TLS, where there is such a listener. */
  readonly tlsBootstrap: string | undefined
  /** A super user for the test itself. */
  readonly adminCredential: Credential
  /** A super user for a gateway. */
  readonly gatewayCredential: Credential
  /** Creates topics, replicated to every broker, and waits until each has its leaders. */
  createTopics(topics: readonly { readonly topic: string; readonly partitions: number }[]): Promise<void>
  /** Ends all brokers in order and removes their folders. A second call waits for the first. */
  stop(): Promise<void>
  /** Kills one broker at once; its folder stays. */
  kill(brokerId: number): Promise<void>
}

const STOP_GRACE_MS = 30_000
const START_ATTEMPTS = 5

/**
 * Starts Apache Kafka on free ports of 127.0.0.1 and waits until every broker is listed.
 *
 * Whatever becomes of the calling process, no broker and no folder outlives it.
 *
 * @throws {JavaMissingError} `ERR_TEST_JAVA_MISSING`
 * @throws {MavenMissingError} `ERR_TEST_MAVEN_MISSING`
 * @throws {JarDownloadError} `ERR_TEST_JAR_DOWNLOAD`
 * @throws {KafkaStartError} `ERR_TEST_KAFKA_START`, with the last lines of the log
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const version = options.version ?? '4.3.1'
  const java = await findJava()
  const jars = await kafkaJars(version, options.onProgress)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, version, java, jars)
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS) throw error
    }
  }
}

async function startOnce(options: KafkaOptions, version: KafkaVersion, java: JavaRuntime, jars: JarSet): Promise<KafkaCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-kafka-'))
  watchdog().watchFolder(directory)
  const processes: BrokerProcess[] = []
  const stop = onceOnly(async () => {
    await stopInOrder(processes)
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    watchdog().forgetFolder(directory)
  })
  try {
    const adminCredential = newCredential('admin')
    const gatewayCredential = newCredential('gateway')
    const plan = await planCluster(options, directory)
    const flags = [...javaFlags(options.profile ?? 'test', java, jars), ...(options.extraJavaFlags ?? [])]
    const scramUsers = [adminCredential, gatewayCredential, ...(options.scramUsers ?? [])]
    options.onProgress?.(`starting Kafka ${version}, ${plan.brokers.length} broker(s)`)
    await formatStorage({ java, flags, jars, brokers: plan.brokers, scramUsers })
    for (const broker of plan.brokers) processes.push(startBroker(java, flags, jars, broker))
    const scramBootstrap = bootstrap(plan.brokers.map((broker) => broker.scramPort))
    await untilReady(processes, scramBootstrap, adminCredential)
    return {
      version,
      brokers: plan.brokers.map(({ id, scramPort }, index) => ({ id, host: HOST, port: scramPort, pid: processes[index]?.pid ?? 0 })),
      scramBootstrap,
      plaintextBootstrap: options.plaintext === true ? bootstrap(plan.brokers.map((broker) => broker.plaintextPort)) : undefined,
      tlsBootstrap: options.tls === undefined ? undefined : bootstrap(plan.brokers.map((broker) => broker.tlsPort)),
      adminCredential,
      gatewayCredential,
      createTopics: (topics) => createTopics(scramBootstrap, adminCredential, topics),
      stop,
      kill: async (brokerId) => {
        const process = processes.find(({ id }) => id === brokerId)
        if (process === undefined) throw new NotInThisClusterError(`broker ${brokerId}`)
        await process.kill()
      },
    }
  } catch (error) {
    for (const process of processes) await process.kill()
    await stop()
    throw error
  }
}

async function planCluster(options: KafkaOptions, directory: string): Promise<ClusterPlan> {
  const count = options.brokers ?? 1
  const [controllerPort = 0, ...ports] = await freePorts(1 + 4 * count)
  const brokers = Array.from({ length: count }, (_, id): BrokerPlan => {
    const [internalPort = 0, scramPort = 0, plaintextPort, tlsPort] = ports.slice(4 * id)
    return {
      id,
      directory: join(directory, `broker-${id}`),
      internalPort,
      scramPort,
      plaintextPort: options.plaintext === true ? plaintextPort : undefined,
      tlsPort: options.tls === undefined ? undefined : tlsPort,
    }
  })
  const plan: ClusterPlan = {
    brokers,
    controllerPort,
    nodeCredential: newCredential('node'),
    superUsers: ['node', 'admin', 'gateway', ...(options.plaintext === true ? ['ANONYMOUS'] : [])],
    autoCreateTopics: options.autoCreateTopics ?? false,
    tls: options.tls === undefined ? undefined : await writePemStores(options.tls, directory),
    extraProperties: options.extraProperties ?? {},
  }
  for (const broker of brokers) {
    await mkdir(broker.directory)
    await writeFile(join(broker.directory, PROPERTIES_FILE), brokerProperties(plan, broker))
  }
  return plan
}

async function writePemStores(tls: NonNullable<KafkaOptions['tls']>, directory: string): Promise<NonNullable<ClusterPlan['tls']>> {
  const keyStorePath = join(directory, 'server.pem')
  const trustStorePath = join(directory, 'ca.pem')
  await writeFile(keyStorePath, `${tls.keyPem.trim()}\n${tls.certPem.trim()}\n${tls.caPem.trim()}\n`, { mode: 0o600 })
  await writeFile(trustStorePath, tls.caPem)
  return { keyStorePath, trustStorePath }
}

async function untilReady(processes: readonly BrokerProcess[], scramBootstrap: string, credential: Credential): Promise<void> {
  const ready = async (): Promise<boolean> =>
    withAdmin(scramBootstrap, credential, async (admin) => (await admin.describeCluster()).brokers.length === processes.length)
  const ended = (): BrokerProcess | undefined => processes.find((process) => process.ended)
  try {
    await until('every broker in the metadata', async () => ended() !== undefined || (await ready()), { timeoutMs: 90_000, everyMs: 50 })
  } catch (cause) {
    throw new KafkaStartError('not every broker is listed', (await processes[0]?.lastLog()) ?? '', cause)
  }
  const failed = ended()
  if (failed === undefined) return
  const log = await failed.lastLog()
  if (log.includes('Address already in use')) throw new PortTakenError(failed.id)
  throw new KafkaStartError(`broker ${failed.id} ended`, log)
}

async function createTopics(
  scramBootstrap: string,
  credential: Credential,
  topics: readonly { readonly topic: string; readonly partitions: number }[],
): Promise<void> {
  if (topics.length === 0) return
  await withAdmin(scramBootstrap, credential, async (admin) => {
    await admin.createTopics({ waitForLeaders: false, topics: topics.map(({ topic, partitions }) => ({ topic, numPartitions: partitions })) })
    const names = topics.map(({ topic }) => topic)
    const led = async (): Promise<boolean> =>
      (await admin.fetchTopicMetadata({ topics: names })).topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
    await until(`leaders of ${names.join(', ')}`, led)
  })
}

// Broker 0 last: a broker that cannot reach the controller waits for its own orderly end.
async function stopInOrder(processes: readonly BrokerProcess[]): Promise<void> {
  await Promise.all(processes.filter(({ id }) => id !== 0).map((process) => process.stop(STOP_GRACE_MS)))
  await Promise.all(processes.filter(({ id }) => id === 0).map((process) => process.stop(STOP_GRACE_MS)))
}

function bootstrap(ports: readonly (number | undefined)[]): string {
  return ports.map((port) => `${HOST}:${port}`).join(',')
}

function newCredential(username: string): Credential {
  return { username, password: randomBytes(18).toString('base64url') }
}

function onceOnly(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
