import { type Clock, type LogPort, systemClock } from '@headgate/core'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { Authenticator } from '../identity/authenticator.ts'
import { GatewayTokens } from '../identity/gateway-token.ts'
import { createKeyRings, type KeyRings } from '../identity/key-ring.ts'
import { SpentTokens } from '../identity/spent-tokens.ts'
import type { RecordSource } from '../record-source.ts'
import { ServerCertificate } from '../server-certificate.ts'
import { askRoutes } from './asks/ask-endpoints.ts'
import type { Asks } from './asks/asks.ts'
import { type AuditSink, noTrail } from './audit-sink.ts'
import { createBundleEndpoint } from './bundle-endpoint.ts'
import { BundleWaiters } from './bundle-waiters.ts'
import { type AddRoutes, createHttpApp } from './http-app.ts'
import { createHttpServer } from './http-server.ts'
import type { PolicyFileSource } from './policy-source.ts'
import { createRevocationEndpoint } from './revocation-endpoint.ts'
import { Revocations } from './revocations.ts'
import type { SessionArchive } from './sessions/session-archive.ts'
import { sessionRoutes } from './sessions/session-endpoints.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

/** What {@link createControlPlane} needs. */
export interface ControlPlaneOptions {
  readonly config: GatewayConfig
  readonly authenticator: Authenticator
  readonly policySource: PolicyFileSource
  readonly asks: Asks
  /** Where records are read once more, and what is on record of sessions. */
  readonly records: RecordSource
  readonly archive: SessionArchive
  readonly log: LogPort
  readonly clock?: Clock
  readonly audit?: AuditSink
  /** What is served besides. */
  readonly routes?: readonly AddRoutes[]
  /** The gateway's own keys; those of the config where none are given. */
  readonly keys?: KeyRings
  /** Tokens that were exchanged, and can be once only; in memory when absent. */
  readonly spent?: SpentTokens
  /** Sessions that were revoked; in memory when absent. */
  readonly revocations?: Revocations
  /** The requests that wait for another bundle. */
  readonly waiters?: BundleWaiters
  /** What else must be so for the gateway to be ready, such as a data plane that reaches its brokers. */
  readonly isReady?: () => boolean
}

/** The HTTP side of the gateway. */
export interface ControlPlane {
  /** Binds the port and serves. */
  start(): Promise<{ readonly port: number }>
  /** Takes up the certificate of another configuration, and the keys of tokens in records. */
  takeConfig(config: GatewayConfig): void
  /** Lets requests finish, then ends; the policy source is not closed. */
  close(): Promise<void>
}

const CLOSE_GRACE_MS = 3_000

/** Creates the control plane's HTTP server: token exchange, bundles, asks, sessions, metadata, health. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { config, log, clock = systemClock, audit = noTrail } = options
  const { waiters = new BundleWaiters(clock), revocations = new Revocations({ clock }) } = options
  const { keys = createKeyRings(config, clock) } = options
  const { spent = new SpentTokens({ clock }) } = options
  const tokens = new GatewayTokens(config, clock, keys.tokens)
  // A replay looks at them anew.
  const tokenKeys = [...config.masking.tokenKeys]
  let isServing = false
  const app = createHttpApp({
    config,
    log,
    clock,
    token: createTokenEndpoint({ ...options, clock, audit, revocations, keys, spent }),
    revocation: createRevocationEndpoint({ ...options, clock, audit, revocations, tokens }),
    bundle: createBundleEndpoint({ ...options, clock, audit, waiters, keys }),
    routes: [
      askRoutes({ ...options, clock }),
      sessionRoutes({ ...options, clock, audit, tokenKeys }),
      ...(options.routes ?? []),
    ],
    keys,
    isReady: () => isServing && (options.isReady?.() ?? true),
  })
  const { http, limits } = config
  const certificate = http.tls && new ServerCertificate('http', http.tls, log)
  const server = createHttpServer({
    ...{ config: http, certificate, app, clock, log },
    maxPerAddress: limits.maxHttpConnectionsPerAddress,
  })
  const unsubscribe = [
    options.policySource.subscribe(() => waiters.wakeAll()),
    options.asks.subscribe(({ scope }) => waiters.wakeRequester(scope)),
    revocations.subscribe(({ sessionId }) => waiters.endSession(sessionId)),
  ]
  return {
    start: async () => {
      const port = await server.listen()
      isServing = true
      log.info({ event: 'listening', listener: 'http', host: config.http.host, port }, 'listening')
      return { port }
    },
    takeConfig: ({ http: { tls }, masking }) => {
      certificate?.replace(tls)
      tokenKeys.splice(0, tokenKeys.length, ...masking.tokenKeys)
    },
    close: async () => {
      isServing = false
      for (const end of unsubscribe) end()
      waiters.close()
      await server.close(CLOSE_GRACE_MS)
    },
  }
}
