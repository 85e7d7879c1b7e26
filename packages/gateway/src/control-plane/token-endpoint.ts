import { randomUUID } from 'node:crypto'
import type { Clock, LogPort } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import type { Context, Handler } from 'hono'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { mustBeBound } from '../identity/certificate-bound.ts'
import { GatewayTokens, gatewayAudience } from '../identity/gateway-token.ts'
import {
  IdentityError,
  TokenClaimError,
  TokenRevokedError,
  TokenSpentError,
  TokenSpentUnknownError,
} from '../identity/identity-errors.ts'
import type { KeyRings } from '../identity/key-ring.ts'
import type { SpentTokens } from '../identity/spent-tokens.ts'
import { auditTime } from './audit-events.ts'
import { auditContextOf } from './audit-http.ts'
import type { AuditSink } from './audit-sink.ts'
import { clientAddressOf, originOf } from './client-address.ts'
import type { PolicyFileSource } from './policy-source.ts'
import type { Revocations } from './revocations.ts'
import { answerTokenError, NO_STORE } from './token-answer.ts'
import {
  isForm,
  parseTokenRequest,
  type TokenExchangeRequest,
  type TokenRefusal,
  type TokenTargets,
} from './token-request.ts'

/** What the token endpoint needs. */
export interface TokenEndpointOptions {
  readonly config: GatewayConfig
  readonly authenticator: Authenticator
  readonly policySource: PolicyFileSource
  readonly log: LogPort
  readonly clock: Clock
  readonly audit: AuditSink
  readonly revocations: Revocations
  readonly keys: KeyRings
  readonly spent: SpentTokens
}

function refusalOfIdentity(error: unknown): TokenRefusal {
  // RFC 8693 section 2.2.2: a subject token that is not acceptable is an invalid request.
  if (!(error instanceof IdentityError)) return { error: 'invalid_request', description: 'the token is not acceptable' }
  return { error: error.retryable ? 'temporarily_unavailable' : 'invalid_request', description: error.clientText }
}

function refusalOfSubject(signIn: SignIn, request: TokenExchangeRequest): TokenRefusal | undefined {
  if (signIn.source === 'gateway-token') {
    return { error: 'invalid_request', description: 'a token of this gateway is no subject: bring one of the issuer' }
  }
  const isOther =
    request.clientId !== undefined && signIn.clientId !== undefined && request.clientId !== signIn.clientId
  return isOther ? { error: 'invalid_client', description: 'the token was issued to another client' } : undefined
}

const FOREIGN_SESSION: TokenRefusal = Object.freeze({
  error: 'invalid_request',
  description: 'session_token is of another principal or client: leave it out',
})

const NO_CERTIFICATE: TokenRefusal = Object.freeze({
  error: 'invalid_request',
  description: 'tokens of this client are bound to its certificate: show it in the TLS handshake',
})

/** The session token says which session goes on, and nothing else: rights and their end are the subject token's. */
function isOwnSession(kept: SignIn, principal: Principal, clientId: string): boolean {
  const { issuer, subject } = kept.principal
  return issuer === principal.issuer && subject === principal.subject && kept.clientId === clientId
}

class TokenEndpoint {
  readonly #options: TokenEndpointOptions
  readonly #tokens: GatewayTokens
  readonly #targets: TokenTargets

  constructor(options: TokenEndpointOptions) {
    const { config, clock } = options
    this.#options = options
    this.#tokens = new GatewayTokens(config, clock, options.keys.tokens)
    this.#targets = { audience: gatewayAudience(config.cluster.name), resource: config.http.publicUrl }
  }

  async handle(c: Context): Promise<Response> {
    if (!isForm(c)) {
      return this.#refuse(c, { error: 'invalid_request', description: 'the body is no form' })
    }
    if (c.req.header('Authorization') !== undefined) {
      return this.#refuse(c, { error: 'invalid_client', description: 'client authentication is not used here' })
    }
    const parsed = parseTokenRequest(await c.req.text(), this.#targets)
    return parsed.ok ? this.#exchange(c, parsed.request) : this.#refuse(c, parsed.refusal)
  }

  async #exchange(c: Context, request: TokenExchangeRequest): Promise<Response> {
    try {
      const signIn = await this.#options.authenticator.verifySubjectToken(request.subject, originOf(c))
      const refusal = refusalOfSubject(signIn, request)
      return refusal === undefined ? await this.#issue(c, request, signIn) : this.#refuse(c, refusal)
    } catch (error) {
      return this.#refuse(c, refusalOfIdentity(error), error)
    }
  }

  async #issue(c: Context, request: TokenExchangeRequest, signIn: SignIn): Promise<Response> {
    const { policySource, log, clock } = this.#options
    const { principal } = signIn
    const clientId = signIn.clientId ?? principal.subject
    const { certificateThumbprint } = originOf(c)
    const isBound = mustBeBound(this.#options.config.tokens.certificateBound, { principal, clientId })
    if (isBound && certificateThumbprint === undefined) return this.#refuse(c, NO_CERTIFICATE)
    const kept = await this.#keptSession(request)
    if (kept !== undefined && !isOwnSession(kept, principal, clientId)) return this.#refuse(c, FOREIGN_SESSION)
    await this.#spend(signIn)
    const content = {
      principal,
      clientId,
      sessionId: kept?.sessionId ?? this.#beginSession(signIn),
      subjectToken: signIn.subjectToken,
      minimumRevision: policySource.current.revision,
      notAfterUnixMs: signIn.expiresAtUnixMs,
      certificateThumbprint,
    }
    const { sessionId, subjectToken } = content
    if (subjectToken !== undefined) this.#options.revocations.subjectTokens.note(sessionId, subjectToken)
    const { token, expiresAtUnixMs } = await this.#tokens.mint(content)
    const fields = { issuer: principal.issuer, principal: principal.subject, clientId, sessionId, expiresAtUnixMs }
    log.info({ event: 'token-exchange', clientAddress: clientAddressOf(c), ...fields }, 'token issued')
    this.#options.audit.append({
      event: 'token.issued',
      ...auditContextOf(c, signIn),
      clientId,
      session: sessionId,
      expires: auditTime(expiresAtUnixMs),
    })
    const expiresIn = Math.max(0, Math.floor((expiresAtUnixMs - clock.nowUnixMs()) / 1_000))
    const body = {
      access_token: token,
      issued_token_type: request.issuedTokenType,
      token_type: 'Bearer',
      expires_in: expiresIn,
    }
    return c.json(body, 200, NO_STORE)
  }

  /** Last of all checks: a token that is refused for another reason is not spent. */
  async #spend({ principal, tokenId, expiresAtUnixMs, source }: SignIn): Promise<void> {
    const { config, spent } = this.#options
    // An assertion is for one use (RFC 7522 section 3, item 9); a token is where the config says so.
    const isOnce = source === 'saml-assertion' || config.tokens.oneTimeIssuers?.includes(principal.issuer) === true
    if (!isOnce) return
    if (tokenId === undefined) throw new TokenClaimError('jti')
    const isFirst = await spent.spend(principal.issuer, tokenId, expiresAtUnixMs).catch((cause: unknown) => {
      throw cause instanceof IdentityError ? cause : new TokenSpentUnknownError(cause)
    })
    if (!isFirst) throw new TokenSpentError()
  }

  /** A token of the provider that a revoked session was had with begins no other. */
  #beginSession({ subjectToken }: SignIn): string {
    const { subjectTokens } = this.#options.revocations
    if (subjectToken !== undefined && subjectTokens.isRefused(subjectToken.digest)) throw new TokenRevokedError()
    return randomUUID()
  }

  /** A session that was revoked does not go on. */
  async #keptSession({ sessionToken }: TokenExchangeRequest): Promise<SignIn | undefined> {
    const kept = sessionToken === undefined ? undefined : await this.#tokens.readForSession(sessionToken)
    return kept === undefined || this.#options.revocations.isRevoked(kept.sessionId) ? undefined : kept
  }

  #refuse(c: Context, refusal: TokenRefusal, cause?: unknown): Response {
    const code = cause instanceof IdentityError ? cause.code : refusal.error
    this.#options.audit.append({ event: 'token.refused', ...auditContextOf(c), reason: code })
    const fields = { event: 'token-exchange', decision: 'deny', code, reason: refusal.description }
    this.#options.log.warn({ ...fields, clientAddress: clientAddressOf(c) }, 'token refused')
    return answerTokenError(c, refusal)
  }
}

/**
 * Creates the handler of `POST /token`: OAuth 2.0 Token Exchange (RFC 8693).
 *
 * An access token of a configured issuer becomes a gateway token that ends no later; the answer is never cached and no
 * error repeats a token. With `session_token`, an earlier gateway token of the same client, its session goes on; one that
 * is too old to be read, or none of this gateway's, begins a new session.
 */
export function createTokenEndpoint(options: TokenEndpointOptions): Handler {
  const endpoint = new TokenEndpoint(options)
  return (c) => endpoint.handle(c)
}
