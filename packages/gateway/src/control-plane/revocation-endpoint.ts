import type { Clock, LogPort } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import type { Context, Handler } from 'hono'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import type { GatewayTokens } from '../identity/gateway-token.ts'
import { IdentityError } from '../identity/identity-errors.ts'
import type { SubjectTokenMark } from '../identity/subject-tokens.ts'
import { auditContextOf } from './audit-http.ts'
import type { AuditSink } from './audit-sink.ts'
import { bearerTokenOf } from './bearer.ts'
import { clientAddressOf, originOf } from './client-address.ts'
import type { Revocations } from './revocations.ts'
import { answerTokenError, NO_STORE } from './token-answer.ts'
import { isForm, parseRevocationRequest, type TokenRefusal } from './token-request.ts'

/** What the revocation endpoint needs. */
export interface RevocationEndpointOptions {
  readonly config: GatewayConfig
  readonly authenticator: Authenticator
  readonly tokens: GatewayTokens
  readonly revocations: Revocations
  readonly log: LogPort
  readonly clock: Clock
  readonly audit: AuditSink
}

const SESSION_ID = /^[A-Za-z0-9_-]{8,64}$/
const UNAUTHENTICATED: TokenRefusal = {
  error: 'invalid_client',
  description: 'say who revokes: Authorization: Bearer, with a token of this gateway or of an accepted issuer',
}
const NO_REVOKER: TokenRefusal = {
  error: 'unauthorized_client',
  description: 'only the groups in tokens.revokers name a session by its id: give one of its tokens',
}
const FOREIGN: TokenRefusal = { error: 'unauthorized_client', description: 'the token is of another principal' }

class RevocationEndpoint {
  readonly #options: RevocationEndpointOptions

  constructor(options: RevocationEndpointOptions) {
    this.#options = options
  }

  async handle(c: Context): Promise<Response> {
    if (!isForm(c)) return this.#refuse(c, { error: 'invalid_request', description: 'the body is no form' })
    const caller = await this.#verify(c)
    if ('error' in caller) return this.#refuse(c, caller)
    const parsed = parseRevocationRequest(await c.req.text())
    if (!parsed.ok) return this.#refuse(c, parsed.refusal, caller)
    const session = await this.#sessionOf(parsed.token, caller)
    if (session !== undefined && 'error' in session) return this.#refuse(c, session, caller)
    return session === undefined ? c.body(null, 200, NO_STORE) : this.#revoke(c, caller, session)
  }

  async #verify(c: Context): Promise<SignIn | TokenRefusal> {
    const token = bearerTokenOf(c)
    if (token === undefined) return UNAUTHENTICATED
    try {
      return await this.#options.authenticator.verifyToken(token, originOf(c))
    } catch (error) {
      const isLater = error instanceof IdentityError && error.retryable
      return isLater ? { error: 'temporarily_unavailable', description: error.clientText } : UNAUTHENTICATED
    }
  }

  /** The session that is to end; nothing for what this gateway knows nothing of. */
  async #sessionOf(token: string, caller: SignIn): Promise<NamedSession | TokenRefusal | undefined> {
    const isRevoker = this.#isRevoker(caller.principal)
    const named = await this.#options.tokens.readForSession(token)
    if (named !== undefined) return isRevoker || isSame(named.principal, caller.principal) ? namedBy(named) : FOREIGN
    if (!SESSION_ID.test(token)) return undefined
    // Whoever may end every session names it as the trail does; whether there is one, nobody is told.
    return isRevoker ? { id: token } : NO_REVOKER
  }

  #isRevoker({ issuer, groups = [] }: Principal): boolean {
    return this.#options.config.tokens.revokers.some((each) => each.issuer === issuer && groups.includes(each.group))
  }

  async #revoke(c: Context, caller: SignIn, { id: sessionId, subjectToken }: NamedSession): Promise<Response> {
    const { revocations, log, audit } = this.#options
    const { issuer, subject: principal } = caller.principal
    const fields = { event: 'session-revoked', issuer, principal, sessionId, clientAddress: clientAddressOf(c) }
    const kept = revocations.revoke(sessionId, subjectToken)
    log.warn(fields, 'session revoked')
    audit.append({ ...auditContextOf(c, caller), event: 'session.revoked', session: sessionId })
    try {
      await kept
    } catch {
      // It is revoked here and now; that it stays so across a restart is what has failed.
      const description = 'revoked, but not on record: try again'
      return this.#refuse(c, { error: 'temporarily_unavailable', description }, caller)
    }
    return c.body(null, 200, NO_STORE)
  }

  #refuse(c: Context, refusal: TokenRefusal, caller?: SignIn): Response {
    this.#options.audit.append({ event: 'token.refused', ...auditContextOf(c, caller), reason: refusal.error })
    const fields = { event: 'revocation', decision: 'deny', code: refusal.error, reason: refusal.description }
    this.#options.log.warn({ ...fields, clientAddress: clientAddressOf(c) }, 'revocation refused')
    return answerTokenError(c, refusal)
  }
}

/** The session that is to end, and what its token says that it was had with. */
interface NamedSession {
  readonly id: string
  readonly subjectToken?: SubjectTokenMark | undefined
}

const namedBy = ({ sessionId, subjectToken }: SignIn): NamedSession => ({ id: sessionId, subjectToken })

function isSame(one: Principal, other: Principal): boolean {
  return one.issuer === other.issuer && one.subject === other.subject
}

/**
 * Creates the handler of `POST /revoke` (RFC 7009): ends the session of a gateway token, with all its tokens and connections.
 *
 * The caller signs in with a bearer token, and ends sessions of its own; members of a group in `tokens.revokers` end any, also
 * by its id. What the gateway knows nothing of is answered 200 too.
 */
export function createRevocationEndpoint(options: RevocationEndpointOptions): Handler {
  const endpoint = new RevocationEndpoint(options)
  return (c) => endpoint.handle(c)
}
