import type { Socket } from 'node:net'
import { type Clock, type LogPort, systemClock } from '@headgate/core'
import { type Listener, listen } from '../data-plane/listener.ts'
import { ReadBufferPool } from '../data-plane/read-buffers.ts'
import type { UpstreamAddress } from '../data-plane/upstream.ts'
import { type PeerOwner, peerOwnerOf } from './peer-owner.ts'
import { RelayConnection } from './relay-connection.ts'
import type { RelayContext, RelayTokens } from './relay-link.ts'
import type { NamedBroker } from './relayed-apis.ts'

/** What a relay is made from. */
export interface RelayOptions {
  /** The port of 127.0.0.1 that clients bootstrap from; 0 takes any free one. */
  readonly port: number
  /** Where the gateway's Kafka listener is; the next one is tried when one fails. */
  readonly bootstrap: readonly UpstreamAddress[]
  /** How the gateway is verified; `undefined` where its listener has no TLS. */
  readonly tls: { readonly caPem: string | undefined } | undefined
  readonly tokens: RelayTokens
  /** Lets in other users of this machine too, where the system can tell them apart. */
  readonly allowsAnyUser?: boolean
  readonly log: LogPort
  readonly clock?: Clock
}

/** A Kafka listener on loopback that signs its clients in at the gateway. */
export interface Relay {
  /** Binds the port; gives the one that was bound. {@link ListenError} `ERR_GATEWAY_LISTEN` when it is taken. */
  start(): Promise<number>
  /** Whether only programs of this user are let in. */
  readonly isForThisUserOnly: boolean
  close(): Promise<void>
}

interface Broker {
  address: UpstreamAddress
  readonly listener: Promise<Listener>
}

const HOST = '127.0.0.1'
const MAX_CONNECTIONS = 10_000
const MAX_BROKERS = 1_000
const MAX_PORT = 65_535
const NOWHERE = { host: '', port: -1 }

class LoopbackRelay implements Relay {
  readonly #options: RelayOptions
  readonly #context: RelayContext
  readonly #ownerOf: PeerOwner | undefined
  readonly #brokers = new Map<number, Broker>()
  readonly #connections = new Set<RelayConnection>()
  #bootstrap: Listener | undefined
  #nextBootstrap = 0
  #isClosed = false

  constructor(options: RelayOptions, ownerOf: PeerOwner | undefined) {
    const { tls, tokens, log, clock = systemClock, allowsAnyUser = false } = options
    this.#options = options
    this.#ownerOf = allowsAnyUser ? undefined : ownerOf
    this.#context = {
      tls: tls === undefined ? null : { ca: tls.caPem, minVersion: 'TLSv1.2', rejectUnauthorized: true },
      ...{ tokens, clock, log, pool: new ReadBufferPool() },
    }
  }

  get isForThisUserOnly(): boolean {
    return this.#ownerOf !== undefined
  }

  async start(): Promise<number> {
    this.#bootstrap = await this.#listen(this.#options.port, () => this.#chooseBootstrap())
    return this.#bootstrap.port
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const brokers = await Promise.allSettled([...this.#brokers.values()].map(({ listener }) => listener))
    const listeners = brokers.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const closed = [this.#bootstrap, ...listeners].map((listener) => listener?.close())
    for (const connection of this.#connections) connection.close()
    await Promise.all(closed)
  }

  /** A gateway behind several addresses: each client takes the next, so that one that is down is not asked for ever. */
  #chooseBootstrap(): UpstreamAddress {
    const { bootstrap } = this.#options
    this.#nextBootstrap += 1
    return bootstrap[this.#nextBootstrap % bootstrap.length] ?? NOWHERE
  }

  #listen(port: number, target: () => UpstreamAddress): Promise<Listener> {
    return listen({
      host: HOST,
      port,
      certificate: null,
      maxConnections: MAX_CONNECTIONS,
      maxConnectionsPerAddress: MAX_CONNECTIONS,
      onFull: () => {},
      onSocket: (socket) => void this.#accept(socket, target()),
      onHandshakeFailed: () => {},
    })
  }

  async #accept(socket: Socket, target: UpstreamAddress): Promise<void> {
    // A socket without a listener for errors would end the process.
    socket.on('error', () => {})
    if (!(await this.#isAllowed(socket)) || this.#isClosed) {
      socket.destroy()
      return
    }
    const connection = new RelayConnection(socket, this.#context, {
      rewrite: (brokers) => this.#rewrite(brokers),
      onClosed: (closed) => void this.#connections.delete(closed),
    })
    this.#connections.add(connection)
    await connection.start(target)
  }

  async #isAllowed({ remotePort, localPort }: Socket): Promise<boolean> {
    if (this.#ownerOf === undefined) return true
    if (remotePort === undefined || localPort === undefined) return false
    const owner = await this.#ownerOf({ remotePort, localPort })
    if (owner !== undefined && owner === process.getuid?.()) return true
    const reason = owner === undefined ? 'its user cannot be told' : `it belongs to user ${owner}`
    this.#context.log.warn({ event: 'relay-refused', reason }, 'a program of another user was sent away')
    return false
  }

  async #rewrite(brokers: readonly NamedBroker[]): Promise<void> {
    await Promise.all(
      brokers.map(async (broker) => {
        const id = broker.nodeId ?? broker.brokerId ?? -1
        const listener = id < 0 ? undefined : await this.#listenerOf(id, { host: broker.host, port: broker.port })
        Object.assign(broker, listener === undefined ? NOWHERE : { host: HOST, port: listener.port })
      }),
    )
  }

  #listenerOf(id: number, address: UpstreamAddress): Promise<Listener> | undefined {
    if (!this.#mayReach(address)) return undefined
    const known = this.#brokers.get(id)
    if (known !== undefined) {
      known.address = address
      return known.listener
    }
    if (this.#brokers.size >= MAX_BROKERS || this.#isClosed) return undefined
    const broker: Broker = { address, listener: this.#open(id, () => broker.address) }
    this.#brokers.set(id, broker)
    broker.listener.catch(() => this.#brokers.delete(id))
    return broker.listener
  }

  /** Without TLS nobody proves who he is: a token then goes nowhere but to the hosts that were named from the start. */
  #mayReach({ host, port }: UpstreamAddress): boolean {
    if (host === '' || port < 1 || port > MAX_PORT) return false
    return this.#options.tls !== undefined || this.#options.bootstrap.some((known) => known.host === host)
  }

  /** A broker keeps its port over restarts where that is free, so that a client which kept an address finds it again. */
  async #open(id: number, target: () => UpstreamAddress): Promise<Listener> {
    const wanted = this.#options.port === 0 ? 0 : this.#options.port + 1 + id
    if (wanted === 0 || wanted > MAX_PORT) return this.#listen(0, target)
    return this.#listen(wanted, target).catch(() => this.#listen(0, target))
  }
}

/**
 * Creates a relay: clients without SASL connect to 127.0.0.1, and each is signed in at the gateway by a token of its own
 * connection. Nothing is bound before `start`.
 *
 * INVARIANT: every broker's address in an answer is replaced by one of the relay's own, or the version of the answer is
 * not offered: a client that went past the relay would go without a token.
 *
 * `ownerOf` tells whose program is at the other end; by default as this system does, if it does.
 */
export function createRelay(
  options: RelayOptions,
  ownerOf: PeerOwner | undefined = peerOwnerOf(process.platform),
): Relay {
  return new LoopbackRelay(options, ownerOf)
}
