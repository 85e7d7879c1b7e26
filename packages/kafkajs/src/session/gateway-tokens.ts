import type { Clock, Secret } from '@headgate/core'
import { HeadgateIdentityRefusedError } from '../errors.ts'
import type { HttpClient } from '../http/http-client.ts'
import type { IdentityContext, IdentitySource } from '../identity/identity-source.ts'
import { singleFlight } from './single-flight.ts'
import { exchangeToken, type GatewayToken } from './token-exchange.ts'

/** What tokens are had with. */
export interface GatewayTokensOptions {
  readonly http: HttpClient
  readonly tokenEndpoint: URL
  readonly identity: IdentitySource
  readonly context: IdentityContext
}

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

  async get(): Promise<GatewayToken> {
    const token = this.#token
    const nowMs = this.#clock.monotonicMs()
    if (token !== undefined && nowMs < token.freshUntilMs) return token
    return this.#renew().catch((error: unknown) => {
      if (token !== undefined && this.#clock.monotonicMs() < token.expiresAtMs) return token
      throw error
    })
  }

  /** Drops the token that the gateway did not take; one that has come in its place since stays. */
  forget(refused: GatewayToken | undefined = this.#token): void {
    if (this.#token === refused) this.#token = undefined
  }

  async #exchange(): Promise<GatewayToken> {
    const { http, tokenEndpoint, identity, context } = this.#options
    const exchange = async (): Promise<GatewayToken> =>
      exchangeToken(http, tokenEndpoint, await identity.getToken(context), this.#earlier, this.#clock)
    const token = await exchange().catch((error: unknown) => {
      // A kept token of the provider may have been revoked since, or the service is another one now: one try without either.
      if (this.#earlier === undefined || !(error instanceof HeadgateIdentityRefusedError)) throw error
      this.#earlier = undefined
      identity.forget?.()
      return exchange()
    })
    this.#token = token
    this.#earlier = token.token
    return token
  }
}
