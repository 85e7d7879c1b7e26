import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditFilePort } from '@headgate/audit'
import { createGateway, type Gateway, type GatewayConfig, loadGatewayConfig } from '@headgate/gateway'
import { freePortRange, type IdentityProvider, startIdentityProvider } from '@headgate/testkit'
import type { JWK } from 'jose'
import { type CertificatePaths, type ClientCertificate, createCertificates } from '../certificates/certificates.ts'
import type { Acl } from '../kafka/acls.ts'
import type { Credential } from '../kafka/credential.ts'
import { externalKafka, externalKafkaSettings } from '../kafka/external-kafka.ts'
import { freePorts } from '../kafka/ports.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { plantSecret, recordForSweep } from '../sweep/recorder.ts'
import { type GatewayFiles, type GatewayYaml, writeGatewayFiles } from './gateway-files.ts'
import { collectLog, type LogLine } from './log-collector.ts'

/** What a world is made from. */
export interface WorldOptions {
  readonly brokers?: 1 | 3
  /** Clients of the identity provider; their secret is `<clientId>-secret-0123456789`. */
  readonly clients: readonly {
    readonly clientId: string
    readonly groups: readonly string[]
    /** In place of the secret: the client signs for itself. */
    readonly publicJwk?: JWK
  }[]
  readonly topics: readonly { readonly topic: string; readonly partitions: number }[]
  /** The policy's text. */
  readonly policy: string
  /** Plaintext on the gateway's listeners; TLS otherwise. */
  readonly insecure?: boolean
  /** The gateway asks clients for certificates of the authority of its own. */
  readonly asksForCertificates?: boolean
  /** The life of the identity provider's and of the gateway's tokens. */
  readonly tokenLifetimeSeconds?: number
  readonly limits?: Readonly<Record<string, number>>
  /** Further sections of gateway.yaml, by their names; paths in them are relative to its folder. */
  readonly sections?: Readonly<Record<string, unknown>>
  /** Further properties of the brokers. */
  readonly kafkaProperties?: Readonly<Record<string, string>>
  /** Users of the brokers without any right but those of `acls`. */
  readonly scramUsers?: readonly Credential[]
  readonly acls?: readonly Acl[]
  /** Changes gateway.yaml before it is written. */
  readonly configure?: (config: GatewayYaml) => object
  /** What the gateway's audit trail is written through; a test lets it fail. */
  readonly auditFiles?: AuditFilePort
  readonly onProgress?: (text: string) => void
  readonly onLog?: (line: LogLine) => void
}

/** A running Kafka, identity provider and gateway. */
export interface World {
  readonly kafka: KafkaCluster
  readonly identity: IdentityProvider
  readonly gateway: Gateway
  readonly files: GatewayFiles
  /** Where Kafka clients connect. */
  readonly bootstrap: string
  readonly httpUrl: string
  /** The authority of the gateway's certificates, and its file. */
  readonly ca: { readonly pem: string; readonly path: string }
  /** Makes a client's certificate of that authority. */
  createClientCertificate(name: string): Promise<ClientCertificate>
  readonly logLines: readonly LogLine[]
  secretOf(clientId: string): string
  /** The environment of a service that uses `@headgate/kafkajs`. */
  environmentOf(clientId: string): Record<string, string>
  /** Puts another policy in force. */
  setPolicy(text: string): Promise<void>
  close(): Promise<void>
}

const AUDIENCE = 'headgate'

/** Starts real Kafka, a real OpenID provider and a gateway between them, each on free loopback ports. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const directory = await mkdtemp(join(tmpdir(), 'headgate-world-'))
    watchdog().watchFolder(directory)
    undo.push(async () => {
      await rm(directory, { recursive: true, force: true })
      watchdog().forgetFolder(directory)
    })
    const kafka = await startBrokers(options)
    plantSecret(kafka.gatewayCredential.password)
    undo.push(() => kafka.stop())
    await kafka.createTopics(options.topics)
    const identity = await startIdentity(options)
    undo.push(() => identity.close())
    options.onProgress?.('starting the gateway')
    const certificates = await createCertificates({ hosts: ['localhost', '127.0.0.1'] })
    const certificateFiles = await certificates.write(directory)
    const files = await writeFiles(options, directory, kafka, identity, certificateFiles)
    undo.push(() => sweepTrail(files))
    const log = collectLog(options.onLog)
    const gateway = await createGateway({
      config: loadConfig(files),
      log: log.port,
      ...(options.auditFiles === undefined ? {} : { auditFiles: options.auditFiles }),
    })
    const { bootstrap, httpUrl } = await gateway.start()
    undo.push(() => gateway.close())
    const ca = { pem: certificates.caPem, path: certificateFiles.caPath }
    const { createClient: createClientCertificate } = certificates
    const parts = { kafka, identity, gateway, files, bootstrap, httpUrl, ca, createClientCertificate }
    return { ...parts, logLines: log.lines, ...conveniences(parts), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

function startBrokers({
  brokers = 1,
  kafkaProperties = {},
  scramUsers = [],
  acls = [],
  onProgress = () => {},
}: WorldOptions): Promise<KafkaCluster> {
  onProgress('starting Kafka')
  const external = externalKafkaSettings()
  return external === undefined
    ? startKafka({ brokers, extraProperties: kafkaProperties, scramUsers, acls, onProgress })
    : externalKafka(external)
}

function startIdentity({ clients, tokenLifetimeSeconds, onProgress }: WorldOptions): Promise<IdentityProvider> {
  onProgress?.('starting the identity provider')
  return startIdentityProvider({
    clients: clients.map(({ clientId, groups, publicJwk }) => ({
      clientId,
      ...(publicJwk === undefined ? { clientSecret: secretOf(clientId) } : { publicJwk }),
      groups: [...groups],
    })),
    audience: AUDIENCE,
    ...(tokenLifetimeSeconds === undefined ? {} : { lifetimeSeconds: tokenLifetimeSeconds }),
  })
}

async function writeFiles(
  options: WorldOptions,
  directory: string,
  kafka: KafkaCluster,
  identity: IdentityProvider,
  { caPath, certPath, keyPath }: CertificatePaths,
): Promise<GatewayFiles> {
  const [kafkaPort = 0, httpPort = 0] = await freePorts(2)
  const firstBrokerPort = await freePortRange(kafka.brokers.length)
  const ids = kafka.brokers.map(({ id }) => id)
  return writeGatewayFiles({
    directory,
    clusterName: 'demo',
    bootstrap: kafka.scramBootstrap.split(','),
    credential: kafka.gatewayCredential,
    kafkaPort,
    firstBrokerPort,
    brokerIds: `${Math.min(...ids)}-${Math.max(...ids)}`,
    httpPort,
    tls:
      options.insecure === true
        ? undefined
        : { certPath, keyPath, ...(options.asksForCertificates === true && { clientCaPath: caPath }) },
    issuer: {
      name: 'corp',
      url: identity.issuer,
      audience: AUDIENCE,
      loginClientId: identity.loginClientId,
    },
    tokenLifetimeSeconds: options.tokenLifetimeSeconds,
    limits: options.limits,
    sections: options.sections,
    configure: options.configure,
    policy: options.policy,
  })
}

/** What the trail says is searched for records and secrets like all else that Headgate writes. */
async function sweepTrail({ auditFolder }: GatewayFiles): Promise<void> {
  const names = (await readdir(auditFolder, { recursive: true })).filter((name) => name.endsWith('.jsonl'))
  for (const name of names) recordForSweep('audit', await readFile(join(auditFolder, name), 'utf8'))
}

function loadConfig({ configPath }: GatewayFiles): GatewayConfig {
  const loaded = loadGatewayConfig(configPath)
  if (!loaded.ok) throw new Error(`gateway.yaml: ${JSON.stringify(loaded.problems)}`)
  return loaded.config
}

function conveniences({
  identity,
  gateway,
  files,
  httpUrl,
  ca,
}: Pick<World, 'identity' | 'gateway' | 'files' | 'httpUrl' | 'ca'>): Pick<
  World,
  'secretOf' | 'environmentOf' | 'setPolicy'
> {
  return {
    secretOf,
    environmentOf: (clientId) => ({
      HEADGATE_GATEWAY: httpUrl,
      HEADGATE_BUNDLE_KEYS: files.bundleKeyThumbprint,
      HEADGATE_ISSUER: identity.issuer,
      HEADGATE_CLIENT_ID: clientId,
      HEADGATE_CLIENT_SECRET: secretOf(clientId),
      HEADGATE_CA: ca.path,
      HEADGATE_INSECURE: 'true',
    }),
    setPolicy: async (text) => {
      await writeFile(files.policyPath, text)
      const reload = gateway.reload()
      if (reload.outcome === 'refused') throw new Error(`policy.yaml: ${JSON.stringify(reload.problems)}`)
    },
  }
}

/** Long enough for an identity provider that minds. */
function secretOf(clientId: string): string {
  return `${clientId}-secret-0123456789`
}
