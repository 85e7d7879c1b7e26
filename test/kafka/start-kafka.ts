import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Acl, createAcls } from './acls.ts'
import { type BrokerFolder, writeBrokerFolders } from './broker-folders.ts'
import { type BrokerProcess, startBroker } from './broker-process.ts'
import { type BrokerPorts, HOST } from './broker-properties.ts'
import type { InternalAccess } from './broker-request.ts'
import { classArchive } from './class-archive.ts'
import { type Credential, newCredential } from './credential.ts'
import { KafkaStartError, NotInThisClusterError, PortTakenError } from './errors.ts'
import { type KafkaVersion, kafkaJars, type Progress } from './jars.ts'
import { archiveFlags, type JavaProgram, type KafkaProfile, profileFlags } from './java-program.ts'
import { findJava } from './java-runtime.ts'
import { CLUSTER_FOLDER_PREFIX, claimFolder, sweepLeftovers } from './leftovers.ts'
import { formatStorage } from './storage.ts'
import { allListed, createTopics, type NewTopic } from './topics.ts'
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
  /** Users without any right but those of `acls`, beside the super users `admin` and `gateway`. */
  readonly scramUsers?: readonly Credential[]
  readonly acls?: readonly Acl[]
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
  /** Creates topics, replicated to every broker, and waits until each broker names their leaders. */
  createTopics(topics: readonly NewTopic[]): Promise<void>
  /** Creates access rules and waits until they are in force on every broker. */
  createAcls(acls: readonly Acl[]): Promise<void>
  /** Kills all brokers and removes their folders. A second call waits for the first. */
  stop(): Promise<void>
  /** Kills one broker at once; its folder stays. */
  kill(brokerId: number): Promise<void>
}

const ARCHIVE_GRACE_MS = 30_000
const START_ATTEMPTS = 3
const START_TIMEOUT_MS = 90_000

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
  const program = await javaProgram(options, version)
  await sweepLeftovers()
  options.onProgress?.(`starting Kafka ${version}, ${options.brokers ?? 1} broker(s)`)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, version, program)
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS) throw error
      options.onProgress?.('a port was taken meanwhile: trying others')
    }
  }
}

async function javaProgram(options: KafkaOptions, version: KafkaVersion): Promise<JavaProgram> {
  const { profile = 'test', onProgress } = options
  const java = await findJava()
  const jars = await kafkaJars(version, onProgress)
  const withFlags = (...flags: string[]): JavaProgram => ({ java: java.java, flags, classPath: jars.classPath })
  const own = [...profileFlags(profile), ...(options.extraJavaFlags ?? [])]
  if (profile !== 'test') return withFlags(...own)
  const archive = await classArchive(java, jars, onProgress, async (extraFlags) => {
    const cluster = await startOnce({}, version, withFlags(...profileFlags('test'), ...extraFlags), ARCHIVE_GRACE_MS)
    await cluster.stop()
  })
  return withFlags(...own, ...archiveFlags(archive))
}

// The folders are thrown away, so brokers are killed unless they have something to do at their end.
async function startOnce(
  options: KafkaOptions,
  version: KafkaVersion,
  program: JavaProgram,
  graceMs = 0,
): Promise<KafkaCluster> {
  const directory = await mkdtemp(join(tmpdir(), CLUSTER_FOLDER_PREFIX))
  watchdog().watchFolder(directory)
  await claimFolder(directory)
  const processes: BrokerProcess[] = []
  const stop = onceOnly(async () => {
    await Promise.all(processes.map((process) => process.end(graceMs)))
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    watchdog().forgetFolder(directory)
  })
  try {
    const credentials = {
      node: newCredential('node'),
      admin: newCredential('admin'),
      gateway: newCredential('gateway'),
    }
    const folders = await writeBrokerFolders(options, credentials.node, directory)
    const { admin, gateway, node } = credentials
    await formatStorage(program, folders, [admin, gateway, ...(options.scramUsers ?? [])])
    for (const { id, directory: own } of folders) processes.push(startBroker(program, id, own))
    const access = { ports: folders.map(({ ports }) => ports.internal), credential: node }
    await untilReady(processes, access)
    await createAcls(access, options.acls ?? [])
    return {
      version,
      ...addresses(folders, processes),
      adminCredential: admin,
      gatewayCredential: gateway,
      createTopics: (topics) => createTopics(access, topics),
      createAcls: (acls) => createAcls(access, acls),
      stop,
      kill: (brokerId) => killBroker(processes, brokerId),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function addresses(
  folders: readonly BrokerFolder[],
  processes: readonly BrokerProcess[],
): Pick<KafkaCluster, 'brokers' | 'scramBootstrap' | 'plaintextBootstrap' | 'relayedAddress' | 'tlsBootstrap'> {
  const bootstrap = (listener: keyof BrokerPorts): string | undefined => {
    const ports = folders.map(({ ports }) => ports[listener])
    return ports.includes(undefined) ? undefined : ports.map((port) => `${HOST}:${port}`).join(',')
  }
  return {
    brokers: folders.map(({ id, ports }) => ({ id, host: HOST, port: ports.scram, pid: processes[id]?.pid ?? 0 })),
    scramBootstrap: bootstrap('scram') ?? '',
    plaintextBootstrap: bootstrap('plaintext'),
    relayedAddress: bootstrap('relay'),
    tlsBootstrap: bootstrap('tls'),
  }
}

async function untilReady(processes: readonly BrokerProcess[], access: InternalAccess): Promise<void> {
  const ended = (): BrokerProcess | undefined => processes.find((process) => process.hasEnded())
  try {
    await until('every broker in the metadata', async () => ended() !== undefined || (await allListed(access)), {
      timeoutMs: START_TIMEOUT_MS,
    })
  } catch (cause) {
    const logs = await Promise.all(processes.map((process) => process.lastLog()))
    throw new KafkaStartError('not every broker is listed', logs.join('\n'), cause)
  }
  const failed = ended()
  if (failed === undefined) return
  const log = await failed.lastLog()
  if (log.includes('Address already in use')) throw new PortTakenError(failed.id)
  throw new KafkaStartError(`broker ${failed.id} ended`, log)
}

async function killBroker(processes: readonly BrokerProcess[], brokerId: number): Promise<void> {
  const process = processes.find(({ id }) => id === brokerId)
  if (process === undefined) throw new NotInThisClusterError(`broker ${brokerId}`)
  await process.end(0)
}

function onceOnly(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
