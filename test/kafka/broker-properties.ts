/** The ports of one broker, all of them on 127.0.0.1. */
export interface BrokerPorts {
  readonly internal: number
  readonly scram: number
  /** Absent without a plaintext listener. */
  readonly plaintext: number | undefined
  /** Absent without a TLS listener. */
  readonly tls: number | undefined
  /** Absent without a listener behind a relay. */
  readonly relay: number | undefined
}

/** What the properties of one node depend on. */
export interface BrokerPropertiesOptions {
  readonly nodeId: number
  readonly brokerCount: number
  readonly controllerPort: number
  readonly ports: BrokerPorts
  readonly dataDirectory: string
  /** The password of the listeners between the nodes. */
  readonly nodePassword: string
  readonly superUsers: readonly string[]
  readonly autoCreateTopics: boolean
  /** A PEM file of key, certificate and authority for the TLS listener. */
  readonly keystorePath: string | undefined
  readonly extraProperties: Readonly<Record<string, string | number>>
  /** The port that clients of the relay listener are told: that of the relay before it. */
  readonly relayAdvertisedPort: number | undefined
}

/** The host of every listener. */
export const HOST = '127.0.0.1'
const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule'

/** The server.properties of one node; node 0 is the controller too. */
export function brokerProperties(options: BrokerPropertiesOptions): string {
  const entries = {
    ...nodeEntries(options),
    ...listenerEntries(options),
    ...topicEntries(options),
    ...options.extraProperties,
  }
  return `${Object.entries(entries)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`
}

function nodeEntries({
  nodeId,
  controllerPort,
  dataDirectory,
  superUsers,
}: BrokerPropertiesOptions): Record<string, string | number> {
  return {
    'process.roles': nodeId === 0 ? 'broker,controller' : 'broker',
    'node.id': nodeId,
    'controller.quorum.voters': `0@${HOST}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataDirectory,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': superUsers.map((user) => `User:${user}`).join(';'),
  }
}

function listenerEntries(options: BrokerPropertiesOptions): Record<string, string> {
  const { nodeId, controllerPort, ports, nodePassword, keystorePath, relayAdvertisedPort } = options
  const named: readonly (readonly [name: string, port: number | undefined])[] = [
    ['INTERNAL', ports.internal],
    ['SCRAM', ports.scram],
    ['PLAINTEXT', ports.plaintext],
    ['TLS', ports.tls],
    ['RELAY', ports.relay],
  ]
  const listeners = named.filter(([, port]) => port !== undefined).map(([name, port]) => `${name}://${HOST}:${port}`)
  const controller = nodeId === 0 ? [`CONTROLLER://${HOST}:${controllerPort}`] : []
  return {
    listeners: [...listeners, ...controller].join(','),
    'advertised.listeners': listeners.join(',').replace(/RELAY:.*$/, `RELAY://${HOST}:${relayAdvertisedPort}`),
    'listener.security.protocol.map':
      'CONTROLLER:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,SCRAM:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT,RELAY:PLAINTEXT,TLS:SASL_SSL',
    'inter.broker.listener.name': 'INTERNAL',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    ...plainListener('controller', nodePassword),
    ...plainListener('internal', nodePassword),
    ...scramListener('scram'),
    ...(keystorePath === undefined ? {} : { ...scramListener('tls'), ...tlsListener(keystorePath) }),
  }
}

/** Between the nodes: no listener takes anybody without a password. */
function plainListener(name: string, password: string): Record<string, string> {
  return {
    [`listener.name.${name}.sasl.enabled.mechanisms`]: 'PLAIN',
    [`listener.name.${name}.plain.sasl.jaas.config`]: `${PLAIN} required username="node" password="${password}" user_node="${password}";`,
  }
}

function scramListener(name: string): Record<string, string> {
  return {
    [`listener.name.${name}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-256,SCRAM-SHA-512',
    [`listener.name.${name}.scram-sha-256.sasl.jaas.config`]: `${SCRAM} required;`,
    [`listener.name.${name}.scram-sha-512.sasl.jaas.config`]: `${SCRAM} required;`,
  }
}

function tlsListener(keystorePath: string): Record<string, string> {
  return {
    'listener.name.tls.ssl.keystore.type': 'PEM',
    'listener.name.tls.ssl.keystore.location': keystorePath,
    'listener.name.tls.ssl.client.auth': 'none',
  }
}

/** Internal topics small, and replicated as far as there are brokers: the defaults wait for three for ever. */
function topicEntries({ brokerCount, autoCreateTopics }: BrokerPropertiesOptions): Record<string, string | number> {
  const leastInSync = brokerCount === 1 ? 1 : 2
  return {
    'auto.create.topics.enable': String(autoCreateTopics),
    'default.replication.factor': brokerCount,
    'min.insync.replicas': leastInSync,
    'offsets.topic.num.partitions': 3,
    'offsets.topic.replication.factor': brokerCount,
    'transaction.state.log.num.partitions': 3,
    'transaction.state.log.replication.factor': brokerCount,
    'transaction.state.log.min.isr': leastInSync,
    'share.coordinator.state.topic.replication.factor': brokerCount,
    'share.coordinator.state.topic.min.isr': leastInSync,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'log.index.size.max.bytes': 1_048_576,
  }
}
