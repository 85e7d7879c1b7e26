import type { Clock, ClockTimer } from '@headgate/core'
import {
  decodeSaslAuthenticateRequest,
  decodeSaslHandshakeRequest,
  defaultSaslAuthenticateResponse,
  defaultSaslHandshakeResponse,
  ErrorCode,
  encodeResponseFrame,
  encodeSaslAuthenticateResponse,
  encodeSaslHandshakeResponse,
  type Reader,
  type RequestHeader,
} from '@headgate/wire'
import type { ConnectionOrigin, ControlPort } from '../control-port.ts'
import type { SignIn } from '../identity/authenticator.ts'
import { AuthenticatorBusyError } from '../identity/identity-errors.ts'
import type { SessionSeat, Sessions } from '../identity/sessions.ts'
import { BROKERS_REFUSED, type SaslServer } from './sasl-server.ts'

const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
const FAILURE_DELAY_MS = 200
const BUSY: AuthenticatorBusyError['code'] = 'ERR_GATEWAY_AUTHENTICATOR_BUSY'

/** What a sign-in needs of its connection. */
export interface ClientSignInOptions {
  readonly sasl: SaslServer
  readonly sessions: Sessions
  readonly clock: Clock
  readonly control: ControlPort
  readonly origin: ConnectionOrigin
  /** The certificate that this connection has shown. */
  readonly certificateThumbprint: () => string | undefined
  /** Another sign-in is in force, or the same with other groups, since a newer token of the session was verified elsewhere. */
  readonly onSignedIn: (signIn: SignIn) => void
  readonly onSessionEnd: () => void
}

/** An answer to a SASL request; the connection is closed after it when `closes` is set. */
export interface SaslAnswer {
  readonly frame: Buffer
  readonly closes: boolean
}

/** Answers the SASL requests of one connection, and watches the end of its session. */
export class ClientSignIn {
  readonly #options: ClientSignInOptions
  #signIn: SignIn | null = null
  #seat: SessionSeat | null = null
  #endsAtMonotonicMs = 0
  #timer: ClockTimer | null = null
  #hasEnded = false
  #isClosed = false

  constructor(options: ClientSignInOptions) {
    this.#options = options
  }

  /** The sign-in in force; `null` before the first one. */
  get current(): SignIn | null {
    return this.#signIn
  }

  /** Whether the session has ended without a new sign-in. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Milliseconds until the session ends. */
  get leftMs(): number {
    return Math.max(0, this.#endsAtMonotonicMs - this.#options.clock.monotonicMs())
  }

  /** Answers SaslHandshake or SaslAuthenticate; `body` is valid during the call only. */
  answer(header: RequestHeader, body: Reader): SaslAnswer | Promise<SaslAnswer> {
    if (header.apiKey === SASL_HANDSHAKE) return this.#handshake(header, body)
    return this.#authenticate(header, Buffer.from(decodeSaslAuthenticateRequest(body, header.apiVersion).authBytes))
  }

  /** The connection is gone: stops the timer, and starts none for a sign-in that is still being verified. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#seat?.leave()
  }

  #handshake(header: RequestHeader, body: Reader): SaslAnswer {
    const { sasl } = this.#options
    const { mechanism } = decodeSaslHandshakeRequest(body, header.apiVersion)
    const outcome = sasl.handshake(mechanism, header.apiVersion)
    if (outcome.errorCode !== ErrorCode.NONE) {
      this.#options.control.report({
        kind: 'sign-in',
        ...this.#options.origin,
        accepted: false,
        mechanism: sasl.mechanism,
        isReauthentication: this.#signIn !== null,
        code: 'ERR_GATEWAY_CLIENT_PROTOCOL',
        reason: outcome.reason,
      })
    }
    const response = {
      ...defaultSaslHandshakeResponse(),
      errorCode: outcome.errorCode,
      mechanisms: [...sasl.mechanisms],
    }
    const frame = encodeResponseFrame(SASL_HANDSHAKE, header.apiVersion, header.correlationId, (writer) =>
      encodeSaslHandshakeResponse(writer, response, header.apiVersion),
    )
    return { frame, closes: outcome.closes }
  }

  async #authenticate(header: RequestHeader, authBytes: Buffer): Promise<SaslAnswer> {
    const { sasl, control, origin, clock } = this.#options
    const outcome = await sasl.authenticate(authBytes, {
      address: origin.clientAddress,
      kafkaClientId: header.clientId ?? '',
      certificateThumbprint: this.#options.certificateThumbprint(),
    })
    const { isReauthentication } = outcome
    if (outcome.accepted === 'not-yet') {
      const response = { ...defaultSaslAuthenticateResponse(), authBytes: outcome.authBytes }
      return { frame: encodeAuthenticate(header, response), closes: false }
    }
    if (!outcome.accepted) {
      control.report({
        kind: 'sign-in',
        ...origin,
        accepted: false,
        mechanism: sasl.mechanism,
        isReauthentication,
        code: outcome.code,
        reason: outcome.text,
      })
      // Brokers make who failed wait, and end the connection at once after that.
      if (outcome.code !== BROKERS_REFUSED) await new Promise<void>((resolve) => clock.after(FAILURE_DELAY_MS, resolve))
      // Kafka has no word for "later": 58 is final to most clients, and a connection that was closed is not.
      if (outcome.code === BUSY) throw new AuthenticatorBusyError()
      const refusal = { ...defaultSaslAuthenticateResponse(), errorCode: outcome.errorCode, errorMessage: outcome.text }
      return { frame: encodeAuthenticate(header, refusal), closes: true }
    }
    this.#accept(outcome.signIn, outcome.sessionLifetimeMs === 0 ? Number.POSITIVE_INFINITY : outcome.sessionLifetimeMs)
    const { principal, sessionId, expiresAtUnixMs } = outcome.signIn
    control.report({
      kind: 'sign-in',
      ...origin,
      accepted: true,
      mechanism: sasl.mechanism,
      isReauthentication,
      principal: principal.subject,
      issuer: principal.issuer,
      ...(principal.groups === undefined ? {} : { groups: [...principal.groups] }),
      ...(header.clientId === null ? {} : { clientId: header.clientId }),
      sessionId,
      ...(Number.isFinite(expiresAtUnixMs) ? { expiresAtUnixMs } : {}),
    })
    const response = {
      ...defaultSaslAuthenticateResponse(),
      sessionLifetimeMs: BigInt(outcome.sessionLifetimeMs),
      ...(outcome.authBytes === undefined ? {} : { authBytes: outcome.authBytes }),
    }
    return { frame: encodeAuthenticate(header, response), closes: false }
  }

  #accept(signIn: SignIn, lifetimeMs: number): void {
    const { clock, sessions, onSignedIn } = this.#options
    if (this.#isClosed) return
    this.#timer?.cancel()
    this.#join(signIn)
    this.#hasEnded = false
    this.#endsAtMonotonicMs = clock.monotonicMs() + lifetimeMs
    this.#timer = Number.isFinite(lifetimeMs) ? clock.after(lifetimeMs, () => this.#end()) : null
    onSignedIn(signIn)
    // Revoked while it was being verified.
    if (sessions.isRevoked(signIn.sessionId)) this.#end()
  }

  /** Takes part in the session: groups are those of its newest token, the end stays that of the connection's own. */
  #join(signIn: SignIn): void {
    const { sessions, onSignedIn } = this.#options
    this.#seat?.leave()
    this.#seat = sessions.join(signIn, {
      onPrincipal: (principal) => {
        const newer = { ...signIn, principal }
        this.#signIn = newer
        onSignedIn(newer)
      },
      onRevoked: () => this.#end(),
    })
    this.#signIn = { ...signIn, principal: this.#seat.principal }
  }

  #end(): void {
    this.#timer?.cancel()
    this.#endsAtMonotonicMs = 0
    this.#hasEnded = true
    this.#options.onSessionEnd()
  }
}

function encodeAuthenticate(
  header: RequestHeader,
  response: ReturnType<typeof defaultSaslAuthenticateResponse>,
): Buffer {
  return encodeResponseFrame(SASL_AUTHENTICATE, header.apiVersion, header.correlationId, (writer) =>
    encodeSaslAuthenticateResponse(writer, response, header.apiVersion),
  )
}
