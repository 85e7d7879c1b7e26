import type { Clock } from '@headgate/core'
import type { ClientCertificate } from '../config/options.ts'
import { type CertificatePems, readCertificate } from '../http/pem.ts'

/**
 * This service's own certificate, as its files have it now.
 *
 * Platforms write a new one every hour or so. It is read again before each exchange, and the token is bound to what was shown
 * then: Kafka connections that are opened from then on show the same.
 */
export class OwnCertificate {
  readonly #option: ClientCertificate | undefined
  readonly #clock: Clock
  #latest: CertificatePems | undefined
  #bound: CertificatePems | undefined
  #boundAtMs = Number.NEGATIVE_INFINITY

  constructor(option: ClientCertificate | undefined, clock: Clock) {
    this.#option = option
    this.#clock = clock
  }

  /** What the gateway's HTTP side is shown. */
  get latest(): CertificatePems | undefined {
    return this.#latest
  }

  /** What tokens are bound to. */
  get bound(): CertificatePems | undefined {
    return this.#bound
  }

  /** Whether it became another one within this time, so that connections may be open that have shown the one before. */
  isNewSince(ms: number): boolean {
    return this.#clock.monotonicMs() - this.#boundAtMs < ms
  }

  /**
   * Reads it again. One that cannot be read leaves the one before, where there is one: a platform may be writing it.
   *
   * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when the first cannot be read
   */
  async read(): Promise<void> {
    if (this.#option === undefined) return
    try {
      this.#latest = await readCertificate(this.#option)
    } catch (error) {
      if (this.#latest === undefined) throw error
    }
  }

  /** A token was given for the latest. */
  bind(): void {
    if (this.#bound !== undefined && this.#bound.cert !== this.#latest?.cert)
      this.#boundAtMs = this.#clock.monotonicMs()
    this.#bound = this.#latest
  }
}
