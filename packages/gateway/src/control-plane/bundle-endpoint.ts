import type { Clock, LogPort } from '@headgate/core'
import type { Context, Handler } from 'hono'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { Authenticator } from '../identity/authenticator.ts'
import { auditContextOf } from './audit-http.ts'
import type { AuditSink } from './audit-sink.ts'
import { type BearerProblems, requireBearer } from './bearer.ts'
import { BundleIssuer, type IssuedBundle } from './bundle-issuer.ts'
import type { PolicyFileSource } from './policy-source.ts'
import type { ProblemDetails } from './problem-answer.ts'

/** What the bundle endpoint needs. */
export interface BundleEndpointOptions {
  readonly config: GatewayConfig
  readonly authenticator: Authenticator
  readonly policySource: PolicyFileSource
  readonly log: LogPort
  readonly clock: Clock
  readonly audit: AuditSink
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

function answer(c: Context, { jws, etag }: IssuedBundle): Response {
  const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' }
  // INVARIANT: 304 says only that the same bundle would be sent; it extends nothing, and after its refresh time the
  // bundle is another.
  if (isSame(c, etag)) return c.body(null, 304, headers)
  return c.body(jws, 200, { ...headers, 'Content-Type': 'application/jose' })
}

/**
 * Creates the handler of `GET /v1/bundle`: the signed bundle of exactly the token's principal, with an ETag.
 *
 * Only a gateway token is taken; errors are `application/problem+json` with a `code`.
 */
export function createBundleEndpoint(options: BundleEndpointOptions): Handler {
  const issuer = new BundleIssuer(options)
  const { audit } = options
  const onRefused = (c: Context, reason: string): void =>
    audit.append({ event: 'bundle.refused', ...auditContextOf(c), reason })
  const bearer = { ...options, event: 'bundle', problems: PROBLEMS, onRefused }
  return requireBearer(bearer, async (c, signIn) => {
    const bundle = await issuer.bundleFor(signIn)
    if (!isSame(c, bundle.etag)) {
      const policyRevision = options.policySource.current.revision
      const digest = bundle.etag.slice(1, -1)
      audit.append({ event: 'bundle.issued', ...auditContextOf(c, signIn), policyRevision, digest })
    }
    return answer(c, bundle)
  })
}
