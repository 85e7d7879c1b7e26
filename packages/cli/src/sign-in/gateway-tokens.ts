import type { Secret } from '@headgate/core'
import type { OutboundFetch } from '@headgate/gateway'
import type { CommandIo } from '../command.ts'
import type { GatewayAddress } from '../gateway-address.ts'
import { SavedAccessTokens } from './access-tokens.ts'
import { exchangeToken, type GatewayToken, readGatewayToken } from './gateway-exchange.ts'
import { readGivenToken } from './given-token.ts'
import { ExchangeRefusedError } from './sign-in-errors.ts'

/** Gives tokens of the gateway for whoever runs the command, each as long as half of its life is left. */
export class GatewayTokens {
  readonly #io: CommandIo
  readonly #gateway: GatewayAddress
  readonly #fetch: OutboundFetch
  readonly #saved: SavedAccessTokens
  #kept: { readonly token: GatewayToken; readonly freshUntilUnixMs: number } | undefined
  #running: Promise<GatewayToken> | undefined

  constructor(io: CommandIo, gateway: GatewayAddress, fetch: OutboundFetch) {
    this.#io = io
    this.#gateway = gateway
    this.#fetch = fetch
    this.#saved = new SavedAccessTokens(io, gateway, fetch)
  }

  /** Gives a token that is fresh; callers at the same time share one exchange. Every failure has a code. */
  async current(): Promise<GatewayToken> {
    const kept = this.#kept
    if (kept !== undefined && this.#io.clock.nowUnixMs() < kept.freshUntilUnixMs) return kept.token
    this.#running ??= this.#obtain().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #obtain(): Promise<GatewayToken> {
    const subject = await this.#subject()
    // A token of the gateway's own is no subject of an exchange: it is used as it is, until its end.
    const given = readGatewayToken(subject, this.#gateway.origin)
    const token = given ?? (await this.#exchange(subject))
    const now = this.#io.clock.nowUnixMs()
    this.#kept = { token, freshUntilUnixMs: now + (token.expiresAtUnixMs - now) / 2 }
    return token
  }

  /** Exchanges, so that one command is one session; where somebody else has signed in meanwhile, it is another one. */
  async #exchange(subject: Secret<string>): Promise<GatewayToken> {
    const exchange = (earlier?: Secret<string>): Promise<GatewayToken> =>
      exchangeToken(this.#gateway.origin, subject, this.#fetch, this.#io.clock, earlier)
    const earlier = this.#kept?.token.token
    return exchange(earlier).catch((error: unknown) => {
      if (earlier === undefined || !(error instanceof ExchangeRefusedError)) throw error
      return exchange()
    })
  }

  async #subject(): Promise<Secret<string>> {
    return readGivenToken(this.#io) ?? (await this.#saved.current())
  }
}
