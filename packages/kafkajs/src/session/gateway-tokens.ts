import type { Clock, Secret } from '@headgate/core'
import { HeadgateIdentityRefusedError } from '../errors.ts'
import { retryAfterMsOf } from '../http/failure.ts'
import type { HttpClient } from '../http/http-client.ts'
import type { IdentityContext, IdentitySource } from '../identity/identity-source.ts'
import type { OwnCertificate } from './own-certificate.ts'
import { pauseAfterFailureMs } from './pauses.ts'
import { singleFlight } from './single-flight.ts'
import { exchangeToken, type GatewayToken, spentShare } from './token-exchange.ts'

/** What tokens are had with. */
export interface GatewayTokensOptions {
  readonly http: HttpClient
  readonly tokenEndpoint: URL
  readonly identity: IdentitySource
  readonly context: IdentityContext
  /** What tokens may be bound to. */
  readonly certificate: OwnCertificate
}

/** A renewal that failed, and those before it in a row. */
interface Failure {
  readonly error: unknown
  readonly count: number
  /** Until then the token that there is will do. */
  readonly untilMs: number
  /** Until then nobody is asked. */
  readonly notBeforeMs: number
}

// From here on a new one is had where that is possible.
const FRESH_SHARE = 0.5

/**
 * The gateway's tokens for this service.
 *
 * One token serves every connection. It is renewed from the half of its life on, so that a connection that signs in
 * always has half a life before it; while renewal fails, a token that still lives is given. The session goes on from token to
 * token.
 */
export class GatewayTokens {
  readonly #options: GatewayTokensOptions
  readonly #clock: Clock
  readonly #renew: () => Promise<GatewayToken>
  #token: GatewayToken | undefined
  #failure: Failure | undefined
  /** The token whose session goes on, also where it is given to nobody any more. */
  #earlier: Secret<string> | undefined

  constructor(options: GatewayTokensOptions) {
    this.#options = options
    this.#clock = options.context.clock
    this.#renew = singleFlight(() => this.#exchange())
  }

  /** The life of the newest token; 0 before the first. */
  get lifetimeMs(): number {
    return this.#token?.lifetimeMs ?? 0
  }

  /** Whether a new one could not be had a moment ago: signing in anew would be with the same. */
  get isRenewalPaused(): boolean {
    return this.#failure !== undefined && this.#clock.monotonicMs() < this.#failure.untilMs
  }

  /** Whether connections may be open that have shown another certificate than the one that the token is bound to. */
  get hasNewCertificate(): boolean {
    return this.#options.certificate.isNewSince(this.lifetimeMs)
  }

  async get(): Promise<GatewayToken> {
    const token = this.#token
    if (token !== undefined && spentShare(token, this.#clock) < FRESH_SHARE) return token
    const isAlive = (): boolean => token !== undefined && spentShare(token, this.#clock) < 1
    if (token !== undefined && this.isRenewalPaused && isAlive()) return token
    this.#assertMayAsk()
    return this.#renew().catch((error: unknown) => {
      this.#noteFailure(error)
      if (token !== undefined && isAlive()) return token
      throw error
    })
  }

  /** A server that asked to be left alone is. */
  #assertMayAsk(): void {
    const failure = this.#failure
    if (failure !== undefined && this.#clock.monotonicMs() < failure.notBeforeMs) throw failure.error
  }

  #noteFailure(error: unknown): void {
    // Callers that shared the try share its failure.
    if (this.#failure?.error === error) return
    const now = this.#clock.monotonicMs()
    const count = (this.#failure?.count ?? -1) + 1
    const [untilMs, notBeforeMs] = [now + pauseAfterFailureMs(count, error), now + retryAfterMsOf(error)]
    this.#failure = { error, count, untilMs, notBeforeMs }
  }

  /** Drops the token that the gateway did not take; one that has come in its place since stays. */
  forget(refused: GatewayToken | undefined = this.#token): void {
    if (this.#token === refused) this.#token = undefined
  }

  async #exchange(): Promise<GatewayToken> {
    const { http, tokenEndpoint, identity, context, certificate } = this.#options
    await certificate.read()
    const exchange = async (): Promise<GatewayToken> =>
      exchangeToken(http, tokenEndpoint, await identity.getToken(context), this.#earlier, this.#clock)
    const token = await exchange().catch((error: unknown) => {
      // A kept token of the provider may have been revoked since, or the service is another one now: one try without either.
      if (this.#earlier === undefined || !(error instanceof HeadgateIdentityRefusedError)) throw error
      this.#earlier = undefined
      identity.forget?.()
      return exchange()
    })
    certificate.bind()
    this.#token = token
    this.#failure = undefined
    this.#earlier = token.token
    return token
  }
}
