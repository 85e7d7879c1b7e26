import type { ServerResponse } from 'node:http'
import type { Clock, LogPort } from '@headgate/core'
import type { Context, Handler } from 'hono'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { TokenRevokedError } from '../identity/identity-errors.ts'
import type { KeyRings } from '../identity/key-ring.ts'
import { auditContextOf } from './audit-http.ts'
import type { AuditSink } from './audit-sink.ts'
import { type BearerProblems, requireBearer } from './bearer.ts'
import { BundleIssuer, type IssuedBundle } from './bundle-issuer.ts'
import type { BundleWaiters } from './bundle-waiters.ts'
import type { PolicyFileSource } from './policy-source.ts'
import { answerProblem, type ProblemDetails } from './problem-answer.ts'

/** What the bundle endpoint needs. */
export interface BundleEndpointOptions {
  readonly config: GatewayConfig
  readonly authenticator: Authenticator
  readonly policySource: PolicyFileSource
  readonly log: LogPort
  readonly clock: Clock
  readonly audit: AuditSink
  readonly waiters: BundleWaiters
  readonly keys: KeyRings
}

const NO_TOKEN: ProblemDetails = {
  status: 401,
  title: 'a gateway token is wanted',
  code: 'ERR_GATEWAY_BUNDLE_TOKEN_MISSING',
}
const WRONG_TOKEN: ProblemDetails = {
  status: 401,
  title: 'only a token of this gateway is taken here',
  code: 'ERR_GATEWAY_BUNDLE_TOKEN_FOREIGN',
}
const BEHIND: ProblemDetails = {
  status: 503,
  title: 'the policy here is older than the token asks for',
  code: 'ERR_GATEWAY_BUNDLE_POLICY_BEHIND',
}

const PROBLEMS: BearerProblems = { missing: NO_TOKEN, foreign: WRONG_TOKEN, behind: BEHIND }

function isSame(c: Context, etag: string): boolean {
  const tags = (c.req.header('If-None-Match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}

/** The header that tells whether the client's asks have taken a step; a client sends the last one that it was given. */
const ASK_STEP_HEADER = 'Headgate-Asks'

const LONGEST_WAIT_SECONDS = 300
const PREFER_WAIT = /(?:^|,)\s*wait\s*=\s*"?(\d{1,4})"?\s*(?:[,;]|$)/i

/** RFC 7240 section 4.3: how many seconds a client would wait for an answer that says something new. */
function preferredWaitMs(c: Context): number {
  const [, seconds = '0'] = PREFER_WAIT.exec(c.req.header('Prefer') ?? '') ?? []
  return Math.min(Number(seconds), LONGEST_WAIT_SECONDS) * 1_000
}

/** Calls `leave` when the client has gone away, or has been answered. */
function whenGone(c: Context, leave: () => void): void {
  const { outgoing } = (c.env ?? {}) as { outgoing?: ServerResponse }
  outgoing?.once('close', leave)
}

class BundleEndpoint {
  readonly #options: BundleEndpointOptions
  readonly #issuer: BundleIssuer

  constructor(options: BundleEndpointOptions) {
    this.#options = options
    this.#issuer = new BundleIssuer(options)
  }

  async handle(c: Context, signIn: SignIn): Promise<Response> {
    const { waiters } = this.#options
    const waitMs = preferredWaitMs(c)
    const bundle = await this.#issuer.bundleFor(signIn)
    if (waitMs === 0) return this.#answer(c, signIn, bundle)
    const known = c.req.header(ASK_STEP_HEADER)
    const isNews = !isSame(c, bundle.etag) || (known !== undefined && known !== waiters.askStepOf(signIn.principal))
    if (isNews) return this.#answerWaited(c, signIn, bundle)
    const outcome = await waiters.wait(signIn, this.#limitMs(signIn, bundle, waitMs), (leave) => whenGone(c, leave))
    // No room to wait: the client goes on asking now and then.
    if (outcome === undefined) return this.#answer(c, signIn, bundle)
    if (outcome === 'revoked') return answerRevoked(c)
    return this.#answerWaited(c, signIn, await this.#issuer.bundleFor(signIn))
  }

  /** No longer than the token is good for, nor than the bundle is to be renewed. */
  #limitMs(signIn: SignIn, { refreshAfterUnixMs }: IssuedBundle, waitMs: number): number {
    const now = this.#options.clock.nowUnixMs()
    return Math.min(waitMs, signIn.expiresAtUnixMs - now, Math.max(refreshAfterUnixMs - now, 0))
  }

  #answerWaited(c: Context, signIn: SignIn, bundle: IssuedBundle): Response {
    c.header('Preference-Applied', 'wait')
    c.header(ASK_STEP_HEADER, this.#options.waiters.askStepOf(signIn.principal))
    // The server ends: the connection would only stand in its way.
    if (this.#options.waiters.isClosed) c.header('Connection', 'close')
    return this.#answer(c, signIn, bundle)
  }

  #answer(c: Context, signIn: SignIn, { jws, etag }: IssuedBundle): Response {
    const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' }
    // INVARIANT: 304 says only that the same bundle would be sent; it extends nothing, and after its refresh time the
    // bundle is another.
    if (isSame(c, etag)) return c.body(null, 304, headers)
    const policyRevision = this.#options.policySource.current.revision
    const about = { ...auditContextOf(c, signIn), policyRevision, digest: etag.slice(1, -1) }
    this.#options.audit.append({ event: 'bundle.issued', ...about })
    return c.body(jws, 200, { ...headers, 'Content-Type': 'application/jose' })
  }
}

function answerRevoked(c: Context): Response {
  const { code, clientText } = new TokenRevokedError()
  const challenge = { 'WWW-Authenticate': 'Bearer error="invalid_token"' }
  return answerProblem(c, { status: 401, title: clientText, code }, challenge)
}

/**
 * Creates the handler of `GET /v1/bundle`: the signed bundle of exactly the token's principal, with an ETag.
 *
 * With `Prefer: wait=<seconds>` and the ETag that the client has, the answer comes when there is something new: another
 * bundle, or a step of one of the client's asks. Only a gateway token is taken; errors are `application/problem+json` with a
 * `code`.
 */
export function createBundleEndpoint(options: BundleEndpointOptions): Handler {
  const endpoint = new BundleEndpoint(options)
  const { audit } = options
  const onRefused = (c: Context, reason: string): void =>
    audit.append({ event: 'bundle.refused', ...auditContextOf(c), reason })
  const bearer = { ...options, event: 'bundle', problems: PROBLEMS, onRefused }
  return requireBearer(bearer, (c, signIn) => endpoint.handle(c, signIn))
}
