import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withAdmin } from './admin.ts'
import { type BrokerProcess, PROPERTIES_FILE, startBroker } from './broker-process.ts'
import { type BrokerPorts, brokerProperties, HOST } from './broker-properties.ts'
import { type Credential, newCredential } from './credential.ts'
import { KafkaStartError, NotInThisClusterError, PortTakenError } from './errors.ts'
import { type KafkaVersion, kafkaJars, type Progress } from './jars.ts'
import { type JavaProgram, javaProgram, type KafkaProfile } from './java-program.ts'
import { findJava } from './java-runtime.ts'
import { freePorts } from './ports.ts'
import { DATA_FOLDER, formatStorage } from './storage.ts'
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
  /**
   * Adds a plaintext listener whose clients are told this port of 127.0.0.1, where a relay listens; for benches with one
   * broker.
   */
  readonly relayAdvertisedPort?: number
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
  /** What a relay before the relay listener connects to. */
  readonly relayedAddress: string | undefined
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
  const program = await javaProgram(options.profile ?? 'test', java, jars, options.onProgress)
  const withFlags = { ...program, flags: [...program.flags, ...(options.extraJavaFlags ?? [])] }
  options.onProgress?.(`starting Kafka ${version}, ${options.brokers ?? 1} broker(s)`)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, version, withFlags)
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS) throw error
    }
  }
}

async function startOnce(options: KafkaOptions, version: KafkaVersion, program: JavaProgram): Promise<KafkaCluster> {
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
    const ports = await writeBrokerFolders(options, directory)
    const directories = ports.map((_, id) => brokerFolder(directory, id))
    await formatStorage(program, directories, [adminCredential, gatewayCredential, ...(options.scramUsers ?? [])])
    for (const [id, folder] of directories.entries()) processes.push(startBroker(program, id, folder))
    const scramBootstrap = bootstrap(ports.map(({ scram }) => scram))
    await untilReady(processes, scramBootstrap, adminCredential)
    return {
      version,
      brokers: ports.map(({ scram }, id) => ({ id, host: HOST, port: scram, pid: processes[id]?.pid ?? 0 })),
      scramBootstrap,
      plaintextBootstrap: options.plaintext === true ? bootstrap(ports.map(({ plaintext }) => plaintext)) : undefined,
      relayedAddress: ports[0]?.relay === undefined ? undefined : bootstrap([ports[0].relay]),
      tlsBootstrap: options.tls === undefined ? undefined : bootstrap(ports.map(({ tls }) => tls)),
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
    await Promise.all(processes.map((process) => process.kill()))
    await stop()
    throw error
  }
}

async function writeBrokerFolders(options: KafkaOptions, directory: string): Promise<BrokerPorts[]> {
  const { brokers = 1, plaintext = false, tls } = options
  const [controllerPort = 0, ...free] = await freePorts(1 + 5 * brokers)
  const ports = Array.from({ length: brokers }, (_, id): BrokerPorts => {
    const [internal = 0, scram = 0, plaintextPort, tlsPort, relayPort] = free.slice(5 * id)
    return {
      internal,
      scram,
      plaintext: plaintext ? plaintextPort : undefined,
      tls: tls === undefined ? undefined : tlsPort,
      relay: options.relayAdvertisedPort === undefined ? undefined : relayPort,
    }
  })
  const isOpen = plaintext || options.relayAdvertisedPort !== undefined
  const shared = {
    brokerCount: brokers,
    controllerPort,
    nodePassword: newCredential('node').password,
    superUsers: ['node', 'admin', 'gateway', ...(isOpen ? ['ANONYMOUS'] : [])],
    autoCreateTopics: options.autoCreateTopics ?? false,
    keystorePath: tls === undefined ? undefined : await writeKeyStore(tls, directory),
    extraProperties: options.extraProperties ?? {},
    relayAdvertisedPort: options.relayAdvertisedPort,
  }
  for (const [nodeId, own] of ports.entries()) {
    const folder = brokerFolder(directory, nodeId)
    await mkdir(folder)
    const properties = brokerProperties({ ...shared, nodeId, ports: own, dataDirectory: join(folder, DATA_FOLDER) })
    await writeFile(join(folder, PROPERTIES_FILE), properties, { mode: 0o600 })
  }
  return ports
}

async function writeKeyStore(tls: NonNullable<KafkaOptions['tls']>, directory: string): Promise<string> {
  const path = join(directory, 'server.pem')
  await writeFile(path, `${tls.keyPem.trim()}\n${tls.certPem.trim()}\n${tls.caPem.trim()}\n`, { mode: 0o600 })
  return path
}

function brokerFolder(directory: string, id: number): string {
  return join(directory, `broker-${id}`)
}

async function untilReady(
  processes: readonly BrokerProcess[],
  scramBootstrap: string,
  credential: Credential,
): Promise<void> {
  const ready = async (): Promise<boolean> =>
    withAdmin(
      scramBootstrap,
      credential,
      async (admin) => (await admin.describeCluster()).brokers.length === processes.length,
    )
  const ended = (): BrokerProcess | undefined => processes.find((process) => process.hasEnded())
  try {
    await until('every broker in the metadata', async () => ended() !== undefined || (await ready()), {
      timeoutMs: 90_000,
      everyMs: 50,
    })
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
    await admin.createTopics({
      waitForLeaders: false,
      topics: topics.map(({ topic, partitions }) => ({ topic, numPartitions: partitions })),
    })
    const names = topics.map(({ topic }) => topic)
    const led = async (): Promise<boolean> =>
      (await admin.fetchTopicMetadata({ topics: names })).topics.every(({ partitions }) =>
        partitions.every(({ leader }) => leader >= 0),
      )
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

function onceOnly(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
