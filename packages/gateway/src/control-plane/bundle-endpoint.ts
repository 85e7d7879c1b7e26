import type { Clock, LogPort } from '@headgate/core'
import type { Context, Handler } from 'hono'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { IdentityError } from '../identity/identity-errors.ts'
import { BundleIssuer, type IssuedBundle } from './bundle-issuer.ts'
import { clientAddressOf } from './client-address.ts'
import type { PolicyFileSource } from './policy-source.ts'
import { answerProblem, type ProblemDetails } from './problem-answer.ts'

/** What the bundle endpoint needs. */
export interface BundleEndpointOptions {
  readonly config: GatewayConfig
  readonly authenticator: Authenticator
  readonly policySource: PolicyFileSource
  readonly log: LogPort
  readonly clock: Clock
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

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

function problemOf(error: unknown): ProblemDetails {
  if (!(error instanceof IdentityError)) throw error
  return { status: error.retryable ? 503 : 401, title: error.clientText, code: error.code }
}

function isSame(c: Context, etag: string): boolean {
  const tags = (c.req.header('If-None-Match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}

class BundleEndpoint {
  readonly #options: BundleEndpointOptions
  readonly #issuer: BundleIssuer

  constructor(options: BundleEndpointOptions) {
    this.#options = options
    this.#issuer = new BundleIssuer(options)
  }

  async handle(c: Context): Promise<Response> {
    const [, token] = BEARER.exec(c.req.header('Authorization') ?? '') ?? []
    if (token === undefined) return this.#refuse(c, NO_TOKEN, 'Bearer')
    try {
      return await this.#serve(c, await this.#options.authenticator.verifyToken(token))
    } catch (error) {
      return this.#refuse(c, problemOf(error), 'Bearer error="invalid_token"')
    }
  }

  async #serve(c: Context, signIn: SignIn): Promise<Response> {
    const { policySource } = this.#options
    if (signIn.source !== 'gateway-token') return this.#refuse(c, WRONG_TOKEN, 'Bearer error="invalid_token"')
    if (signIn.minimumRevision > policySource.current.revision) return this.#refuse(c, BEHIND)
    return this.#answer(c, await this.#issuer.bundleFor(signIn))
  }

  #answer(c: Context, { jws, etag }: IssuedBundle): Response {
    const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' }
    // INVARIANT: 304 says only that the same bundle would be sent; it extends nothing, and after its refresh time the
    // bundle is another.
    if (isSame(c, etag)) return c.body(null, 304, headers)
    return c.body(jws, 200, { ...headers, 'Content-Type': 'application/jose' })
  }

  #refuse(c: Context, problem: ProblemDetails, challenge?: string): Response {
    const fields = { event: 'bundle', decision: 'deny', code: problem.code, clientAddress: clientAddressOf(c) }
    this.#options.log.warn(fields, 'bundle refused')
    const isChallenged = problem.status === 401 && challenge !== undefined
    return answerProblem(c, problem, isChallenged ? { 'WWW-Authenticate': challenge } : {})
  }
}

/**
 * Creates the handler of `GET /v1/bundle`: the signed bundle of exactly the token's principal, with an ETag.
 *
 * Only a gateway token is taken; errors are `application/problem+json` with a `code`.
 */
export function createBundleEndpoint(options: BundleEndpointOptions): Handler {
  const endpoint = new BundleEndpoint(options)
  return (c) => endpoint.handle(c)
}
