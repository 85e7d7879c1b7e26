import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Clock, LogPort } from '@headgate/core'
import type { ClusterConfig, GatewayConfig } from '../config/gateway-config.ts'
import { upstreamCredentialFor } from '../config/upstream-credential.ts'
import type { ControlPort } from '../control-port.ts'
import type { Authenticator } from '../identity/authenticator.ts'
import type { Sessions } from '../identity/sessions.ts'
import { brokersIssuer } from '../principal-residual.ts'
import type { RecordSource, TopicList } from '../record-source.ts'
import { ServerCertificate } from '../server-certificate.ts'
import { createApiTable } from './api-table.ts'
import { AskView } from './ask-view.ts'
import { BrokerAddresses } from './broker-addresses.ts'
import { ClusterView, upstreamTlsOptions } from './cluster-view.ts'
import { Connection } from './connection.ts'
import { UpstreamUnreachableError } from './errors.ts'
import { type Listener, listen } from './listener.ts'
import type { PassThrough, PlaneContext } from './plane-context.ts'
import { PolicyView } from './policy-view.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { RecordReader } from './record-reader.ts'
import { MaskCompiler } from './records/compiled-mask.ts'
import { UnderWay } from './under-way.ts'
import { type CredentialSource, type LinkListener, type UpstreamLink, UpstreamLinks } from './upstream-link.ts'

/** What a data plane is made from. */
export interface DataPlaneOptions {
  readonly config: GatewayConfig
  readonly control: ControlPort
  readonly authenticator: Authenticator
  /** Shared with the authenticator. */
  readonly sessions: Sessions
  readonly log: LogPort
  readonly clock: Clock
}

const DRAIN_MS = 5_000
/** Connections to brokers that nobody has signed in yet: as many as a fleet needs that comes back at once, a few at a time. */
const MAX_SIGN_INS_HANDED_ON = 200
/** Of these, so many are of one address. */
const MAX_HANDED_ON_PER_ADDRESS = 50

/** The Kafka side of a gateway: the bound ports, the connections, the gateway's own view of the cluster. */
export class DataPlane {
  readonly #options: DataPlaneOptions
  readonly #context: PlaneContext
  readonly #stopHearing: () => void
  readonly #recordReader: RecordReader
  readonly #links: UpstreamLinks
  readonly #certificate: ServerCertificate | undefined
  #cluster: ClusterConfig
  readonly #connections = new Set<Connection>()
  readonly #countByAddress = new Map<string, number>()
  #listeners: Listener[] = []
  #lastConnectionId = 0
  #onLastClosed: (() => void) | null = null

  constructor(options: DataPlaneOptions) {
    const { config, control, authenticator, sessions, log, clock } = options
    const pool = new ReadBufferPool()
    const links = new UpstreamLinks(upstreamTlsOptions(config.cluster), config.limits.maxFrameBytes, pool, clock)
    const cluster = new ClusterView(config.cluster, links, log, clock)
    const asks = new AskView(control)
    this.#options = options
    this.#links = links
    this.#cluster = config.cluster
    this.#certificate = config.listener.tls && new ServerCertificate('kafka', config.listener.tls, log)
    this.#stopHearing = control.subscribe((message) => {
      if (message.kind !== 'revocation') return
      sessions.revoke(message.revocation.sessionId, message.revocation.untilUnixMs)
    })
    this.#recordReader = new RecordReader({ cluster, links, credential: () => this.#cluster.sasl, clock })
    this.#context = {
      clock,
      log,
      limits: config.limits,
      certificateBound: config.tokens.certificateBound,
      control,
      authenticator,
      sessions,
      mechanisms: offersPlain(config) ? ['OAUTHBEARER', 'PLAIN'] : ['OAUTHBEARER'],
      cluster,
      clusterName: config.cluster.name,
      addresses: new BrokerAddresses(config.listener, log),
      apis: createApiTable(),
      policy: new PolicyView(control, asks, clock),
      asks,
      masks: new MaskCompiler(config.masking.tokenKeys, (mask) => control.report({ kind: 'mask', mask })),
      askUrl: (askId) => `${config.http.publicUrl}/v1/asks/${askId}`,
      pool,
      passThrough: this.#passThrough(links, cluster),
      openUpstream: (signIn, brokerId, clientId, listener) =>
        begin(links, cluster, { brokerId, clientId, listener }, () =>
          upstreamCredentialFor(this.#cluster, signIn.principal),
        ),
    }
  }

  #passThrough(links: UpstreamLinks, cluster: ClusterView): PassThrough | undefined {
    const { config } = this.#options
    if (config.listener.passThrough !== true) return undefined
    return {
      issuer: brokersIssuer(config.cluster.name),
      underWay: new UnderWay(MAX_SIGN_INS_HANDED_ON, MAX_HANDED_ON_PER_ADDRESS),
      takesPlain: config.issuers.every(({ clientCredentials }) => clientCredentials === undefined),
      knownIssuers: new Set([config.http.publicUrl, ...config.issuers.map(({ issuer }) => issuer)]),
      audiences: new Set(config.issuers.flatMap(({ audiences }) => audiences)),
      openUpstream: (brokerId, clientId, listener) =>
        begin(links, cluster, { brokerId, clientId, listener }, () => undefined),
    }
  }

  /**
   * Learns the cluster, then binds the bootstrap port and the port of every declared broker.
   *
   * @returns the bound bootstrap port
   * @throws {UpstreamUnreachableError} `ERR_GATEWAY_UPSTREAM_UNREACHABLE` when no bootstrap server answers.
   * @throws {ListenError} `ERR_GATEWAY_LISTEN` when a port cannot be bound; none stays bound then.
   */
  async start(): Promise<number> {
    const { listener } = this.#options.config
    const { cluster, addresses } = this.#context
    await cluster.start()
    for (const brokerId of cluster.brokerIds) addresses.addressOf(brokerId)
    try {
      for (const { brokerId, port } of addresses.brokersWithPorts) await this.#listen(port, brokerId)
      const bootstrap = await this.#listen(listener.port, null)
      return bootstrap.port
    } catch (cause) {
      await this.close()
      throw cause
    }
  }

  /** Takes up certificates and credentials of another configuration: for handshakes and sign-ins that come. */
  takeConfig({ listener, cluster, masking }: GatewayConfig): void {
    this.#certificate?.replace(listener.tls)
    const [current] = masking.tokenKeys
    if (this.#context.masks.replaceKeys(masking.tokenKeys)) {
      const fields = { count: masking.tokenKeys.length, ...(current === undefined ? {} : { kid: current.kid }) }
      this.#options.log.info({ event: 'mask-keys', ...fields }, 'keys of tokens in records in force')
    }
    if ((cluster.tls === undefined) !== (this.#cluster.tls === undefined)) return
    const { sasl, credentials, tls } = cluster
    this.#cluster = { ...this.#cluster, sasl, credentials, tls }
    this.#links.replaceTls(upstreamTlsOptions(this.#cluster))
    this.#context.cluster.takeConfig(this.#cluster)
  }

  /** Records as the gateway itself reads them; for whoever has decided who may see them. */
  get records(): RecordSource {
    return this.#recordReader
  }

  /** Which topics there are; for those who may be told. */
  get topics(): TopicList {
    const { cluster } = this.#context
    return { names: () => cluster.topicNames() }
  }

  /** Stops accepting, lets owed answers out, and ends every connection; at the latest after five seconds. */
  async close(): Promise<void> {
    const { clock, cluster, policy, asks } = this.#context
    const unbound = Promise.all(this.#listeners.map((listener) => listener.close()))
    const ended = new Promise<void>((resolve) => {
      this.#onLastClosed = resolve
    })
    for (const connection of this.#connections) connection.drain()
    const deadline = clock.after(DRAIN_MS, () => {
      for (const connection of this.#connections) connection.destroy()
    })
    if (this.#connections.size > 0) await ended
    await unbound
    deadline.cancel()
    this.#stopHearing()
    this.#recordReader.close()
    cluster.close()
    policy.close()
    asks.close()
  }

  async #listen(port: number, brokerId: number | null): Promise<Listener> {
    const { host } = this.#options.config.listener
    const { maxConnections, maxConnectionsPerAddress } = this.#options.config.limits
    const name = brokerId === null ? 'bootstrap' : `broker-${brokerId}`
    const listener = await listen({
      host,
      port,
      certificate: this.#certificate ?? null,
      maxConnections,
      maxConnectionsPerAddress,
      onSocket: (socket) => this.#route(socket, name, brokerId),
      onFull: (clientAddress) => this.#tellFull(name, clientAddress, maxConnectionsPerAddress),
      onHandshakeFailed: (code, clientAddress) =>
        this.#options.log.warn(
          { event: 'tls-handshake-failed', listener: name, clientAddress, code },
          'a TLS handshake failed',
        ),
    })
    this.#listeners.push(listener)
    return listener
  }

  /** Finds the broker that a connection is for: by its port, or on the bootstrap port by the name in its handshake. */
  #route(socket: Socket, listener: string, brokerId: number | null): void {
    if (brokerId !== null) {
      this.#accept(socket, listener, brokerId)
      return
    }
    const named = this.#context.addresses.brokerOfName(socket instanceof TLSSocket ? socket.servername : null)
    if (named !== undefined) {
      this.#accept(socket, named === null ? listener : `broker-${named}`, named)
      return
    }
    const clientAddress = socket.remoteAddress ?? 'unknown'
    this.#options.log.warn({ event: 'unknown-server-name', listener, clientAddress }, 'a handshake named no broker')
    socket.destroy()
  }

  #accept(socket: Socket, listener: string, brokerId: number | null): void {
    const clientAddress = socket.remoteAddress ?? 'unknown'
    const { maxConnections, maxConnectionsPerAddress } = this.#options.config.limits
    const ofAddress = this.#countByAddress.get(clientAddress) ?? 0
    if (this.#connections.size >= maxConnections || ofAddress >= maxConnectionsPerAddress) {
      this.#tellFull(listener, clientAddress, ofAddress)
      socket.destroy()
      return
    }
    this.#lastConnectionId += 1
    const origin = { connectionId: this.#lastConnectionId, clientAddress, listener }
    this.#countByAddress.set(clientAddress, ofAddress + 1)
    const connection: Connection = new Connection(socket, origin, brokerId, this.#context, () =>
      this.#forget(connection, clientAddress),
    )
    this.#connections.add(connection)
  }

  #tellFull(listener: string, clientAddress: string, count: number): void {
    const fields = { event: 'connection-refused', listener, clientAddress, count }
    this.#options.log.warn(fields, 'a connection is over the limit')
  }

  #forget(connection: Connection, clientAddress: string): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#onLastClosed?.()
    const left = (this.#countByAddress.get(clientAddress) ?? 1) - 1
    if (left === 0) this.#countByAddress.delete(clientAddress)
    else this.#countByAddress.set(clientAddress, left)
  }
}

interface UpstreamWish {
  readonly brokerId: number | null
  readonly clientId: string
  readonly listener: LinkListener
}

/** Begins a connection to the broker that a port stands for, signed in with a credential, or by nobody yet. */
function begin(
  links: UpstreamLinks,
  cluster: ClusterView,
  { brokerId, clientId, listener }: UpstreamWish,
  credential: CredentialSource,
): UpstreamLink {
  const address = brokerId === null ? cluster.anyBrokerAddress() : cluster.brokerAddress(brokerId)
  if (address === undefined)
    throw new UpstreamUnreachableError({ message: 'cluster: the broker of this port is not known', retryable: true })
  const onClosed = (cause: Error | null): void => {
    if (cause instanceof UpstreamUnreachableError) cluster.refreshSoon()
    listener.onClosed(cause)
  }
  return links.begin(address, credential, clientId, { ...listener, onClosed })
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** A password in clear text is taken over TLS, or where it never leaves the machine. */
function offersPlain(config: GatewayConfig): boolean {
  return config.listener.tls !== undefined || LOOPBACK.has(config.listener.host)
}
