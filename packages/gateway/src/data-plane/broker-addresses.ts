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

  /** The broker ids that the configuration declares. */
  get brokerIds(): readonly number[] {
    const { firstId, lastId } = this.#listener.brokers
    return Array.from({ length: lastId - firstId + 1 }, (_, index) => firstId + index)
  }

  /** The address a client is told; an undeclared broker has none and raises an alarm, once. */
  addressOf(brokerId: number): UpstreamAddress | undefined {
    const port = brokerPort(this.#listener.brokers, brokerId)
    if (port !== undefined) return { host: this.#listener.advertisedHost, port }
    if (brokerId >= 0 && !this.#alarmed.has(brokerId)) {
      this.#alarmed.add(brokerId)
      this.#log.error(
        { event: 'undeclared-broker', brokerId },
        'a broker is outside of the declared ids; clients cannot reach it',
      )
    }
    return undefined
  }
}
