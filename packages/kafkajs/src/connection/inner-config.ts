import type { KafkaConfig as KafkajsConfig } from '#kafkajs'
import type { KafkaConfig } from '../config/options.ts'
import { type ConnectLog, createLogCreator } from './log-creator.ts'
import { createLiveThreshold } from './reauthentication.ts'
import { createSignIn } from './sign-in.ts'
import { type ConnectionTarget, createGatewaySocketFactory } from './socket-factory.ts'

/** What connections need of the session. */
export interface ConnectionSession {
  open(): Promise<void>
  token(): Promise<string>
  forgetToken(): unknown
  readonly hasNewCertificate?: boolean
  readonly target: ConnectionTarget | undefined
  readonly tokenLifetimeMs: number
}

/** The options of kafkajs that keep their meaning. */
const kept = [
  'clientId',
  'connectionTimeout',
  'authenticationTimeout',
  'requestTimeout',
  'enforceRequestTimeout',
  'retry',
  'logLevel',
] as const

/**
 * In place of kafkajs's second: a TLS handshake at a busy gateway takes longer when a whole fleet starts, and one that is given up
 * halfway costs both sides the same once more. Other clients wait ten seconds and longer.
 */
const CONNECTION_TIMEOUT_MS = 10_000

/**
 * The configuration of kafkajs itself: addresses, sockets, sign-in and log go through the session; the rest is the
 * application's.
 */
export function createInnerConfig(
  config: KafkaConfig,
  session: ConnectionSession,
  connectLog?: ConnectLog,
): KafkajsConfig {
  const own = Object.fromEntries(kept.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])))
  return {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    ...own,
    async brokers() {
      await session.open()
      return [...(session.target?.kafka.bootstrap ?? [])]
    },
    sasl: { mechanism: 'oauthbearer', authenticationProvider: createSignIn(session) },
    reauthenticationThreshold: createLiveThreshold(() => session.tokenLifetimeMs),
    socketFactory: createGatewaySocketFactory(() => session.target),
    logCreator: createLogCreator(config.logCreator, connectLog),
  }
}
