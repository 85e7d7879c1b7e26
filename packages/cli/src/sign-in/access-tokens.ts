import { type Clock, Secret } from '@headgate/core'
import type { OutboundFetch } from '@headgate/gateway'
import { processRefreshTokenResponse, refreshTokenGrantRequest } from 'oauth4webapi'
import type { CommandIo } from '../command.ts'
import { NotSignedInError, UnreachableError } from '../errors.ts'
import type { GatewayAddress } from '../gateway-address.ts'
import { atIssuer, createIssuerClient, type IssuedTokens, scopeParameters } from './issuer-client.ts'
import { type LoginTarget, type SavedSignIn, SavedSignIns } from './saved-sign-ins.ts'
import { LoginDeniedError, LoginRefusedError, SignInEndedError } from './sign-in-errors.ts'

/** An access token whose life the identity provider does not tell is taken to live so long (RFC 6749 leaves it open). */
const UNTOLD_LIFETIME_SECONDS = 300

/** A sign-in to be saved, from the tokens that came. */
export function createSignIn(
  gateway: string,
  target: LoginTarget,
  tokens: IssuedTokens,
  clock: Clock,
  kept?: Secret<string>,
): SavedSignIn {
  const issuedAtUnixMs = clock.nowUnixMs()
  const lifetimeMs = (tokens.expires_in ?? UNTOLD_LIFETIME_SECONDS) * 1_000
  const refreshToken = tokens.refresh_token === undefined ? kept : new Secret(tokens.refresh_token)
  const accessToken = new Secret(tokens.access_token)
  return { gateway, target, accessToken, refreshToken, issuedAtUnixMs, expiresAtUnixMs: issuedAtUnixMs + lifetimeMs }
}

async function refresh(
  signIn: SavedSignIn,
  refreshToken: Secret<string>,
  { isPlaintextAllowed }: GatewayAddress,
  fetch: OutboundFetch,
): Promise<IssuedTokens> {
  const { target } = signIn
  const issuer = await createIssuerClient({ target, fetch, isPlaintextAllowed })
  const { server, client, authentication, options } = issuer
  const { resource } = scopeParameters(target)
  const additionalParameters = resource === undefined ? {} : { resource }
  return atIssuer(target.issuer, async () => {
    const sent = { ...options, additionalParameters }
    const response = await refreshTokenGrantRequest(server, client, authentication, refreshToken.reveal(), sent)
    return processRefreshTokenResponse(server, client, response)
  })
}

/** Gives the access tokens of a saved sign-in, renewed where there is a refresh token and half of a life has gone by. */
export class SavedAccessTokens {
  readonly #io: CommandIo
  readonly #gateway: GatewayAddress
  readonly #fetch: OutboundFetch
  readonly #saved: SavedSignIns

  constructor(io: CommandIo, gateway: GatewayAddress, fetch: OutboundFetch) {
    this.#io = io
    this.#gateway = gateway
    this.#fetch = fetch
    this.#saved = new SavedSignIns(io)
  }

  /**
   * Gives a token that is good now.
   *
   * @throws {NotSignedInError} `ERR_CLI_NOT_SIGNED_IN`
   * @throws {SignInEndedError} `ERR_CLI_SIGN_IN_ENDED`
   */
  async current(): Promise<Secret<string>> {
    const signIn = this.#read()
    if (this.#isFresh(signIn) || signIn.refreshToken === undefined) return this.#use(signIn)
    return this.#saved.withLock(this.#gateway.origin, () => this.#renew())
  }

  async #renew(): Promise<Secret<string>> {
    // Another command may have renewed it while this one waited for the lock.
    const signIn = this.#read()
    const { refreshToken, gateway, target } = signIn
    if (this.#isFresh(signIn) || refreshToken === undefined) return this.#use(signIn)
    try {
      const tokens = await refresh(signIn, refreshToken, this.#gateway, this.#fetch)
      const renewed = createSignIn(gateway, target, tokens, this.#io.clock, refreshToken)
      this.#saved.write(renewed)
      return renewed.accessToken
    } catch (error) {
      if (error instanceof UnreachableError && this.#isAlive(signIn)) return signIn.accessToken
      const isRefused = error instanceof LoginRefusedError || error instanceof LoginDeniedError
      throw isRefused ? new SignInEndedError(gateway) : error
    }
  }

  #read(): SavedSignIn {
    const signIn = this.#saved.read(this.#gateway.origin)
    if (signIn === undefined) throw new NotSignedInError(this.#gateway.origin)
    return signIn
  }

  #use(signIn: SavedSignIn): Secret<string> {
    if (!this.#isAlive(signIn)) throw new SignInEndedError(signIn.gateway)
    return signIn.accessToken
  }

  #isFresh({ issuedAtUnixMs, expiresAtUnixMs }: SavedSignIn): boolean {
    return this.#io.clock.nowUnixMs() < issuedAtUnixMs + (expiresAtUnixMs - issuedAtUnixMs) / 2
  }

  #isAlive({ expiresAtUnixMs }: SavedSignIn): boolean {
    return this.#io.clock.nowUnixMs() < expiresAtUnixMs
  }
}
