import type { Clock } from '@headgate/core'
import { ErrorCode } from '@headgate/wire'
import type { Authenticator, SignIn, SignInOrigin } from '../identity/authenticator.ts'
import { TokenCertificateError } from '../identity/identity-errors.ts'
import { type ClientMechanism, parseSaslMessage, type SaslMessage } from './sasl-message.ts'

/** An answer to SaslHandshake; as in Kafka, the connection is closed behind a refusal. */
export interface HandshakeOutcome {
  readonly errorCode: number
  readonly closes: boolean
  readonly reason: string
}

/** An answer to SaslAuthenticate. */
export type AuthenticateOutcome =
  | {
      readonly accepted: true
      readonly signIn: SignIn
      readonly sessionLifetimeMs: number
      readonly isReauthentication: boolean
    }
  | {
      readonly accepted: false
      readonly errorCode: number
      readonly code: string
      readonly text: string
      readonly isReauthentication: boolean
    }

/** What a SASL conversation needs from the gateway. */
export interface SaslServerOptions {
  readonly authenticator: Authenticator
  readonly clock: Clock
  readonly maxReauthenticationMs: number
  readonly mechanisms: readonly ClientMechanism[]
  /** The revision in force; a token that demands a later one is refused. */
  readonly policyRevision: () => number
  /** Whether tokens of this client must be bound to its certificate. */
  readonly mustBeBound: (signIn: SignIn) => boolean
}

const MALFORMED = 'the sign-in message is malformed'

/**
 * The server's side of Kafka's SASL conversation on one connection, re-authentication (KIP-368) included.
 *
 * States: `start` until a handshake names the mechanism, `chosen` until SaslAuthenticate, then `signed-in`; a handshake
 * there leads to `chosen-again` while the session so far goes on. A refusal is final: the connection is closed after it.
 */
export class SaslServer {
  readonly #options: SaslServerOptions
  #state: 'start' | 'chosen' | 'signed-in' | 'chosen-again' | 'failed' = 'start'
  #mechanism: ClientMechanism | null = null
  #signIn: SignIn | null = null

  constructor(options: SaslServerOptions) {
    this.#options = options
  }

  /** The mechanism of the conversation, once chosen. */
  get mechanism(): string {
    return this.#mechanism ?? 'none'
  }

  /** The names to list in a handshake's answer. */
  get mechanisms(): readonly ClientMechanism[] {
    return this.#options.mechanisms
  }

  /** Takes a SaslHandshake. */
  handshake(requested: string, apiVersion: number): HandshakeOutcome {
    if (apiVersion === 0)
      return this.#refuseHandshake(
        ErrorCode.UNSUPPORTED_VERSION,
        'handshake version 0 carries tokens outside of kafka requests',
      )
    const mechanism = this.#options.mechanisms.find((name) => name === requested)
    if (mechanism === undefined)
      return this.#refuseHandshake(ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'the mechanism is not offered')
    if (this.#state === 'chosen' || this.#state === 'chosen-again' || this.#state === 'failed') {
      return this.#refuseHandshake(ErrorCode.ILLEGAL_SASL_STATE, 'a handshake inside an unfinished exchange')
    }
    if (this.#state === 'signed-in' && mechanism !== this.#mechanism) {
      return this.#refuseHandshake(ErrorCode.ILLEGAL_SASL_STATE, 'another mechanism than the one signed in with')
    }
    this.#mechanism = mechanism
    this.#state = this.#state === 'start' ? 'chosen' : 'chosen-again'
    return { errorCode: ErrorCode.NONE, closes: false, reason: '' }
  }

  /** Takes a SaslAuthenticate. */
  async authenticate(bytes: Buffer, origin?: SignInOrigin): Promise<AuthenticateOutcome> {
    const mechanism = this.#mechanism
    const isReauthentication = this.#state === 'chosen-again'
    if (mechanism === null || (this.#state !== 'chosen' && !isReauthentication)) {
      return this.#refuse(
        ErrorCode.ILLEGAL_SASL_STATE,
        'ERR_GATEWAY_CLIENT_PROTOCOL',
        'a handshake must come first',
        isReauthentication,
      )
    }
    const message = parseSaslMessage(mechanism, bytes)
    if (message === null)
      return this.#refuse(
        ErrorCode.SASL_AUTHENTICATION_FAILED,
        'ERR_GATEWAY_CLIENT_PROTOCOL',
        MALFORMED,
        isReauthentication,
      )
    try {
      const signIn = await this.#verify(message, origin)
      const objection = this.#objection(signIn, message)
      if (objection !== null)
        return this.#refuse(
          ErrorCode.SASL_AUTHENTICATION_FAILED,
          'ERR_GATEWAY_SIGN_IN_MISMATCH',
          objection,
          isReauthentication,
        )
      if (signIn.certificateThumbprint === undefined && this.#options.mustBeBound(signIn))
        throw new TokenCertificateError('unbound')
      return this.#accept(signIn, isReauthentication)
    } catch (cause) {
      const { code, clientText } = refusalOf(cause)
      return this.#refuse(ErrorCode.SASL_AUTHENTICATION_FAILED, code, clientText, isReauthentication)
    }
  }

  #verify(message: SaslMessage, origin: SignInOrigin | undefined): Promise<SignIn> {
    const { authenticator } = this.#options
    if (message.kind === 'token') return authenticator.verifyToken(message.token.reveal(), origin)
    return authenticator.signInWithClientSecret(message.clientId, message.clientSecret, origin)
  }

  #objection(signIn: SignIn, message: SaslMessage): string | null {
    const previous = this.#signIn?.principal
    const { principal } = signIn
    if (message.kind === 'token' && message.authorizationId !== '' && message.authorizationId !== principal.subject) {
      return 'the authorization id is not the subject of the token'
    }
    if (previous !== undefined && (previous.issuer !== principal.issuer || previous.subject !== principal.subject)) {
      return 'the principal cannot change on a connection'
    }
    if (signIn.minimumRevision > this.#options.policyRevision())
      return 'the token was issued under a later policy than this gateway has'
    return null
  }

  #accept(signIn: SignIn, isReauthentication: boolean): AuthenticateOutcome {
    const leftMs = signIn.expiresAtUnixMs - this.#options.clock.nowUnixMs()
    const sessionLifetimeMs = Math.floor(Math.min(leftMs, this.#options.maxReauthenticationMs))
    if (sessionLifetimeMs <= 0) {
      return this.#refuse(
        ErrorCode.SASL_AUTHENTICATION_FAILED,
        'ERR_GATEWAY_TOKEN_EXPIRED',
        'the token has expired',
        isReauthentication,
      )
    }
    this.#signIn = signIn
    this.#state = 'signed-in'
    return { accepted: true, signIn, sessionLifetimeMs, isReauthentication }
  }

  #refuse(errorCode: number, code: string, text: string, isReauthentication: boolean): AuthenticateOutcome {
    this.#state = 'failed'
    return { accepted: false, errorCode, code, text, isReauthentication }
  }

  #refuseHandshake(errorCode: number, reason: string): HandshakeOutcome {
    this.#state = 'failed'
    return { errorCode, closes: true, reason }
  }
}

/** Only texts made for clients leave the gateway; anything unexpected is refused without a word of its own. */
function refusalOf(cause: unknown): { readonly code: string; readonly clientText: string } {
  if (cause instanceof Error && 'clientText' in cause && typeof cause.clientText === 'string' && 'code' in cause) {
    return { code: String(cause.code), clientText: cause.clientText }
  }
  return { code: 'ERR_GATEWAY_UNEXPECTED', clientText: 'the sign-in could not be verified' }
}
