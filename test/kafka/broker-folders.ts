import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROPERTIES_FILE } from './broker-process.ts'
import { type BrokerPorts, brokerProperties } from './broker-properties.ts'
import type { Credential } from './credential.ts'
import { freePorts } from './ports.ts'
import type { KafkaOptions } from './start-kafka.ts'
import { DATA_FOLDER } from './storage.ts'

/** One broker before its start: a folder with its properties, and its ports. */
export interface BrokerFolder {
  readonly id: number
  readonly directory: string
  readonly ports: BrokerPorts
}

const LISTENERS = 5

/** Chooses the ports of a cluster and writes what its brokers read, each into a folder of its own. */
export async function writeBrokerFolders(
  options: KafkaOptions,
  nodeCredential: Credential,
  directory: string,
): Promise<BrokerFolder[]> {
  const { brokers = 1, plaintext = false, tls, relayAdvertisedPort } = options
  const [controllerPort = 0, ...free] = await freePorts(1 + LISTENERS * brokers)
  const isOpen = plaintext || relayAdvertisedPort !== undefined
  const shared = {
    brokerCount: brokers,
    controllerPort,
    nodePassword: nodeCredential.password,
    superUsers: ['node', 'admin', 'gateway', ...(isOpen ? ['ANONYMOUS'] : [])],
    autoCreateTopics: options.autoCreateTopics ?? false,
    keystorePath: tls === undefined ? undefined : await writeKeyStore(tls, directory),
    extraProperties: options.extraProperties ?? {},
    relayAdvertisedPort,
  }
  const folders = Array.from({ length: brokers }, (_, id) => ({
    id,
    directory: join(directory, `broker-${id}`),
    ports: portsOf(options, free.slice(LISTENERS * id)),
  }))
  for (const { id, ports, directory: own } of folders) {
    await mkdir(own)
    const properties = brokerProperties({ ...shared, nodeId: id, ports, dataDirectory: join(own, DATA_FOLDER) })
    await writeFile(join(own, PROPERTIES_FILE), properties, { mode: 0o600 })
  }
  return folders
}

function portsOf({ plaintext, tls, relayAdvertisedPort }: KafkaOptions, free: readonly number[]): BrokerPorts {
  const [internal = 0, scram = 0, plaintextPort, tlsPort, relayPort] = free
  return {
    internal,
    scram,
    plaintext: plaintext === true ? plaintextPort : undefined,
    tls: tls === undefined ? undefined : tlsPort,
    relay: relayAdvertisedPort === undefined ? undefined : relayPort,
  }
}

async function writeKeyStore(tls: NonNullable<KafkaOptions['tls']>, directory: string): Promise<string> {
  const path = join(directory, 'server.pem')
  await writeFile(path, `${tls.keyPem.trim()}\n${tls.certPem.trim()}\n${tls.caPem.trim()}\n`, { mode: 0o600 })
  return path
}
