import type { LogPort } from '@headgate/core'
import type { ListenerConfig } from '../config/gateway-config.ts'
import { brokerPort } from '../config/listener-section.ts'
import type { UpstreamAddress } from './upstream.ts'

/**
 * The addresses that clients are told for brokers.
 *
 * INVARIANT: a pure function of the configuration, so that every gateway of a fleet, and every restart, gives the same
 * port for the same broker; each is bound before the first client is answered.
 */
export class BrokerAddresses {
  readonly #listener: ListenerConfig
  readonly #log: LogPort
  readonly #alarmed = new Set<number>()

  constructor(listener: ListenerConfig, log: LogPort) {
    this.#listener = listener
    this.#log = log
  }

  /** The brokers that have a port of their own; empty where they are told apart by name. */
  get brokersWithPorts(): readonly { readonly brokerId: number; readonly port: number }[] {
    const { brokers } = this.#listener
    if ('domain' in brokers) return []
    const { firstPort, firstId, lastId } = brokers
    return Array.from({ length: lastId - firstId + 1 }, (_, index) => ({
      brokerId: firstId + index,
      port: firstPort + index,
    }))
  }

  /** The address a client is told; an undeclared broker has none and raises an alarm, once. */
  addressOf(brokerId: number): UpstreamAddress | undefined {
    const { brokers, advertisedHost, port } = this.#listener
    if (brokerId < 0) return undefined
    if ('domain' in brokers) return { host: `broker-${brokerId}.${brokers.domain}`, port }
    const ownPort = brokerPort(brokers, brokerId)
    if (ownPort !== undefined) return { host: advertisedHost, port: ownPort }
    if (!this.#alarmed.has(brokerId)) {
      this.#alarmed.add(brokerId)
      const text = 'a broker is outside of the declared ids; clients cannot reach it'
      this.#log.error({ event: 'undeclared-broker', brokerId }, text)
    }
    return undefined
  }

  /**
   * Which broker a name in a TLS handshake stands for: an id, `null` for the bootstrap name, `undefined` for any other
   * name and for none.
   */
  brokerOfName(serverName: string | false | null | undefined): number | null | undefined {
    const { brokers, advertisedHost } = this.#listener
    if (!('domain' in brokers)) return null
    if (serverName === advertisedHost) return null
    const id = /^broker-(0|[1-9]\d{0,9})$/.exec(String(serverName).slice(0, -brokers.domain.length - 1))?.[1]
    return id !== undefined && String(serverName).endsWith(`.${brokers.domain}`) ? Number(id) : undefined
  }
}
