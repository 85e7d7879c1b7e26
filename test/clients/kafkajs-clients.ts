import { clientCredentials, Kafka, type KafkaConfig } from '@headgate/kafkajs'
import { Kafka as PlainKafka, type KafkaConfig as PlainKafkaConfig } from 'kafkajs'
import type { KafkaCluster } from '../kafka/start-kafka.ts'
import type { World } from '../world/start-world.ts'

const NOTHING = 0

/** What the clients of a world need of it. */
export type ClientWorld = Pick<World, 'bootstrap' | 'httpUrl' | 'ca' | 'files' | 'identity' | 'secretOf'>

/** The wrapped client of a service: it signs in with client id and secret, and decides by its own bundle before it asks the gateway. */
export function headgateKafka(world: ClientWorld, clientId: string, { headgate, ...config }: KafkaConfig = {}): Kafka {
  return new Kafka({
    clientId,
    logLevel: NOTHING,
    ...config,
    headgate: {
      gateway: world.httpUrl,
      bundleKeys: [world.files.bundleKeyThumbprint],
      ...(isSecure(world) && { ca: world.ca.path }),
      // The identity provider of tests speaks plain HTTP on loopback.
      insecure: true,
      identity: clientCredentials({
        issuer: world.identity.issuer,
        clientId,
        clientSecret: world.secretOf(clientId),
      }),
      ...headgate,
    },
  })
}

/**
 * kafkajs as it is, signed in to the gateway with the same client id and secret, unless `sasl` says otherwise: what code that goes
 * around the wrapped client has.
 */
export function plainKafka(world: ClientWorld, clientId: string, config: Partial<PlainKafkaConfig> = {}): PlainKafka {
  return new PlainKafka({
    clientId,
    brokers: [world.bootstrap],
    ...(isSecure(world) && { ssl: { ca: [world.ca.pem] } }),
    sasl: { mechanism: 'plain', username: clientId, password: world.secretOf(clientId) },
    logLevel: NOTHING,
    ...config,
  })
}

/** kafkajs at the brokers themselves, as their administrator. */
export function kafkaAtBrokers(
  kafka: Pick<KafkaCluster, 'scramBootstrap' | 'adminCredential'>,
  config: Partial<PlainKafkaConfig> = {},
): PlainKafka {
  return new PlainKafka({
    brokers: kafka.scramBootstrap.split(','),
    sasl: { mechanism: 'scram-sha-512', ...kafka.adminCredential },
    logLevel: NOTHING,
    ...config,
  })
}

/** A world is plaintext as a whole, or not at all. */
function isSecure({ httpUrl }: ClientWorld): boolean {
  return httpUrl.startsWith('https:')
}
