import type { LogPort } from '@headgate/core'
import type { Context, Handler } from 'hono'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { IdentityError } from '../identity/identity-errors.ts'
import { clientAddressOf, originOf } from './client-address.ts'
import type { PolicyFileSource } from './policy-source.ts'
import { answerProblem, type ProblemDetails } from './problem-answer.ts'
import { RETRY_AFTER_SECONDS } from './token-answer.ts'

/** Answers a request whose sender has been verified. */
export type SignedInHandler = (c: Context, signIn: SignIn) => Promise<Response>

/** How an endpoint answers where the general answer does not fit it. */
export interface BearerProblems {
  readonly missing: ProblemDetails
  readonly behind: ProblemDetails
  /** Where it is given, only tokens of this gateway are taken, and others are answered with it. */
  readonly foreign?: ProblemDetails
}

/** What {@link requireBearer} needs. */
export interface BearerOptions {
  readonly authenticator: Authenticator
  readonly policySource: PolicyFileSource
  readonly log: LogPort
  /** The event under which a refusal is logged. */
  readonly event: string
  readonly problems?: BearerProblems
  /** Hears of each refusal. */
  readonly onRefused?: (c: Context, code: string) => void
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
const INVALID = 'Bearer error="invalid_token"'

const PROBLEMS: BearerProblems = {
  missing: { status: 401, title: 'a bearer token is wanted', code: 'ERR_GATEWAY_HTTP_TOKEN_MISSING' },
  behind: {
    status: 503,
    title: 'the policy here is older than the token asks for',
    code: 'ERR_GATEWAY_HTTP_POLICY_BEHIND',
  },
}

/** A refusal, and what the caller is asked for with it (RFC 6750 section 3). */
interface Refusal {
  readonly problem: ProblemDetails
  readonly challenge: string
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof IdentityError)) throw error
  const problem: ProblemDetails = {
    status: error.retryable ? 503 : 401,
    title: error.clientText,
    code: error.code,
  }
  return { problem, challenge: INVALID }
}

/** The bearer token of a request (RFC 6750 section 2.1); the other ways to send one are not served. */
export function bearerTokenOf(c: Context): string | undefined {
  return BEARER.exec(c.req.header('Authorization') ?? '')?.[1]
}

class BearerGate {
  readonly #options: BearerOptions
  readonly #problems: BearerProblems

  constructor(options: BearerOptions) {
    this.#options = options
    this.#problems = options.problems ?? PROBLEMS
  }

  /** Gives who sent the request, or why it is refused. */
  async verify(c: Context): Promise<SignIn | Refusal> {
    const token = bearerTokenOf(c)
    if (token === undefined) return { problem: this.#problems.missing, challenge: 'Bearer' }
    try {
      const signIn = await this.#options.authenticator.verifyToken(token, originOf(c))
      return this.#refusalOfSignIn(signIn) ?? signIn
    } catch (error) {
      return refusalOf(error)
    }
  }

  refuse(c: Context, { problem, challenge }: Refusal): Response {
    const { event, log } = this.#options
    const fields = { event, decision: 'deny', code: problem.code, clientAddress: clientAddressOf(c) }
    log.warn(fields, 'request refused')
    this.#options.onRefused?.(c, problem.code)
    const headers: Record<string, string> = {}
    if (problem.status === 401) headers['WWW-Authenticate'] = challenge
    if (problem.status === 503) headers['Retry-After'] = RETRY_AFTER_SECONDS
    return answerProblem(c, problem, headers)
  }

  #refusalOfSignIn({ source, minimumRevision }: SignIn): Refusal | undefined {
    const { foreign, behind } = this.#problems
    if (foreign !== undefined && source !== 'gateway-token') return { problem: foreign, challenge: INVALID }
    const isBehind = minimumRevision > this.#options.policySource.current.revision
    return isBehind ? { problem: behind, challenge: INVALID } : undefined
  }
}

/**
 * Makes a handler that asks for a bearer token: one of this gateway, or an access token of an accepted issuer.
 *
 * Refusals are `application/problem+json` with a `code`, are logged, and count as failures of the address where the
 * route has the failure limit. What the inner handler throws is not a refusal and goes on.
 */
export function requireBearer(options: BearerOptions, handle: SignedInHandler): Handler {
  const gate = new BearerGate(options)
  return async (c) => {
    const outcome = await gate.verify(c)
    return 'problem' in outcome ? gate.refuse(c, outcome) : handle(c, outcome)
  }
}
