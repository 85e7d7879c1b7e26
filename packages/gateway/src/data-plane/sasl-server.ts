import type { Clock } from '@headgate/core'
import { ErrorCode } from '@headgate/wire'
import type { Authenticator, SignIn, SignInOrigin } from '../identity/authenticator.ts'
import { AuthenticatorBusyError, TokenCertificateError } from '../identity/identity-errors.ts'
import {
  type BrokerExchange,
  type BrokerSasl,
  beginBrokerExchange,
  isComplete,
  MAX_ROUNDS,
  passedMechanisms,
  type SaslMechanism,
} from './broker-sasl.ts'
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
      /** 0 where the session has no end: only the brokers give such. */
      readonly sessionLifetimeMs: number
      readonly isReauthentication: boolean
      /** What the broker says to its client. */
      readonly authBytes?: Buffer
    }
  /** The broker answered, and waits for another message. */
  | { readonly accepted: 'not-yet'; readonly authBytes: Buffer; readonly isReauthentication: boolean }
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
  /** Where clients may bring the brokers' own credentials. */
  readonly brokers?: BrokerSasl | undefined
}

/** The code of a sign-in that was handed on, and that the brokers refused. */
export const BROKERS_REFUSED = 'ERR_GATEWAY_BROKERS_REFUSED'

const MALFORMED = 'the sign-in message is malformed'

/**
 * The server's side of Kafka's SASL conversation on one connection, re-authentication (KIP-368) included.
 *
 * States: `start` until a handshake names the mechanism, `chosen` until SaslAuthenticate, then `signed-in`; a handshake
 * there leads to `chosen-again` while the session so far goes on. A refusal is final: the connection is closed after it.
 *
 * A sign-in with the brokers' own credential is handed on message by message; `chosen` lasts until its last one.
 */
export class SaslServer {
  readonly #options: SaslServerOptions
  #state: 'start' | 'chosen' | 'signed-in' | 'chosen-again' | 'failed' = 'start'
  #mechanism: SaslMechanism | null = null
  #signIn: SignIn | null = null
  /** The sign-in that is being handed on. */
  #exchange: BrokerExchange | null = null

  constructor(options: SaslServerOptions) {
    this.#options = options
  }

  /** The mechanism of the conversation, once chosen. */
  get mechanism(): string {
    return this.#mechanism ?? 'none'
  }

  /** The names to list in a handshake's answer. */
  get mechanisms(): readonly SaslMechanism[] {
    const { mechanisms, brokers } = this.#options
    return brokers?.isOffered() === true ? [...mechanisms, ...passedMechanisms] : mechanisms
  }

  /** Takes a SaslHandshake. */
  handshake(requested: string, apiVersion: number): HandshakeOutcome {
    if (apiVersion === 0)
      return this.#refuseHandshake(
        ErrorCode.UNSUPPORTED_VERSION,
        'handshake version 0 carries tokens outside of kafka requests',
      )
    const mechanism = this.mechanisms.find((name) => name === requested)
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
    const exchange = this.#exchange ?? this.#beginExchange(mechanism, bytes)
    if (exchange !== null && exchange !== undefined)
      return this.#handOn(exchange, mechanism, bytes, { origin, isReauthentication })
    const message = exchange === null || !isOwn(mechanism) ? null : parseSaslMessage(mechanism, bytes)
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

  #beginExchange(mechanism: SaslMechanism, bytes: Buffer): BrokerExchange | null | undefined {
    const { brokers } = this.#options
    return brokers?.isOffered() === true ? beginBrokerExchange(mechanism, bytes, brokers) : undefined
  }

  /** Hands a message on to the broker, and its answer back. What the broker says of a refusal stays here. */
  async #handOn(
    exchange: BrokerExchange,
    mechanism: SaslMechanism,
    bytes: Buffer,
    { origin, isReauthentication }: { readonly origin: SignInOrigin | undefined; readonly isReauthentication: boolean },
  ): Promise<AuthenticateOutcome> {
    const { brokers } = this.#options
    const refuse = (code: string, text: string): AuthenticateOutcome =>
      this.#refuse(ErrorCode.SASL_AUTHENTICATION_FAILED, code, text, isReauthentication)
    const previous = this.#signIn
    // INVARIANT: a broker connection that the gateway has signed in never sees a credential of the client.
    const isOther =
      previous !== null && (previous.source !== 'brokers' || previous.principal.subject !== exchange.subject)
    if (brokers === undefined || isOther)
      return refuse('ERR_GATEWAY_SIGN_IN_MISMATCH', 'the principal cannot change on a connection')
    this.#exchange = exchange
    try {
      if (exchange.round === 0 && (await brokers.handshake(mechanism)).errorCode !== ErrorCode.NONE)
        return refuse(BROKERS_REFUSED, `the brokers do not offer ${mechanism}`)
      const { errorCode, authBytes, sessionLifetimeMs } = await brokers.authenticate(bytes)
      exchange.round += 1
      if (errorCode !== ErrorCode.NONE || exchange.round > MAX_ROUNDS)
        return refuse(BROKERS_REFUSED, 'the brokers refused the credential')
      if (!isComplete(mechanism, exchange, authBytes)) return { accepted: 'not-yet', authBytes, isReauthentication }
      const lifetimeMs = Number(sessionLifetimeMs)
      this.#exchange = null
      this.#signIn = brokers.signIn(exchange.subject, lifetimeMs, origin)
      this.#state = 'signed-in'
      return { accepted: true, signIn: this.#signIn, sessionLifetimeMs: lifetimeMs, isReauthentication, authBytes }
    } catch (cause) {
      if (cause instanceof AuthenticatorBusyError) return refuse(cause.code, cause.clientText)
      return refuse('ERR_GATEWAY_UPSTREAM_UNREACHABLE', 'the brokers cannot be asked')
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

function isOwn(mechanism: SaslMechanism): mechanism is ClientMechanism {
  return mechanism === 'OAUTHBEARER' || mechanism === 'PLAIN'
}

/** Only texts made for clients leave the gateway; anything unexpected is refused without a word of its own. */
function refusalOf(cause: unknown): { readonly code: string; readonly clientText: string } {
  if (cause instanceof Error && 'clientText' in cause && typeof cause.clientText === 'string' && 'code' in cause) {
    return { code: String(cause.code), clientText: cause.clientText }
  }
  return { code: 'ERR_GATEWAY_UNEXPECTED', clientText: 'the sign-in could not be verified' }
}
