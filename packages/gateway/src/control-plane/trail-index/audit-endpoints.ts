import { AuditUnavailableError, auditPublicKeyOf } from '@headgate/audit'
import type { Clock } from '@headgate/core'
import { isHeadgateError } from '@headgate/core'
import type { Context, Handler } from 'hono'
import type { Kysely } from 'kysely'
import type { SigningKey } from '../../config/signing-key.ts'
import type { SignIn } from '../../identity/authenticator.ts'
import type { Database } from '../../store/database.ts'
import { auditContextOf, questionOf } from '../audit-http.ts'
import { AuditReaders } from '../audit-reader.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { type BearerOptions, requireBearer } from '../bearer.ts'
import type { AddRoutes } from '../http-app.ts'
import { answerProblem, type ProblemDetails } from '../problem-answer.ts'
import type { TrailIndex } from './trail-index.ts'
import { AuditQueryError, parseTrailQuery } from './trail-query.ts'
import { listEvents, type TrailFilter, type TrailPage, unapprovedWrites, whoRead } from './trail-questions.ts'

/** What {@link auditRoutes} needs. */
export interface AuditEndpointOptions extends Omit<BearerOptions, 'event' | 'problems'> {
  readonly trail: AuditTrail
  readonly index: TrailIndex
  readonly checkpointKey: SigningKey
  readonly clock: Pick<Clock, 'nowUnixMs'>
}

type Question = (database: Kysely<Database>, filter: TrailFilter) => Promise<TrailPage>

const NO_STORE = { 'Cache-Control': 'no-store' }
const FORBIDDEN: ProblemDetails = {
  status: 403,
  title: 'no rule lets you read the audit: it takes `may: { cluster: [read-audit] }`',
  code: 'ERR_GATEWAY_AUDIT_FORBIDDEN',
}
const UNAVAILABLE: ProblemDetails = {
  status: 503,
  title: 'the audit trail cannot be asked now',
  code: 'ERR_GATEWAY_AUDIT_UNAVAILABLE',
}

const queryOf = (c: Context): string => questionOf(c, '/v1/audit/')

class AuditEndpoints {
  readonly #options: AuditEndpointOptions
  readonly #readers: AuditReaders

  constructor(options: AuditEndpointOptions) {
    this.#options = options
    this.#readers = new AuditReaders(options.clock)
  }

  /** Makes the handler of a question; the question is on record before its answer leaves. */
  answer(question: Question): (c: Context, signIn: SignIn) => Promise<Response> {
    return async (c, signIn) => {
      if (!this.#mayAsk(signIn)) return this.#forbid(c, signIn)
      try {
        const filter = parseTrailQuery(c.req.query())
        const { events, next } = await question(await this.#options.index.complete(), filter)
        await this.#record(c, signIn, events.length)
        return c.json({ events, ...(next === undefined ? {} : { next }) }, 200, NO_STORE)
      } catch (error) {
        return this.#refuse(c, error)
      }
    }
  }

  /** The newest checkpoint and the key that signed it: whoever keeps both elsewhere can tell when the trail is cut. */
  async checkpoint(c: Context, signIn: SignIn): Promise<Response> {
    if (!this.#mayAsk(signIn)) return this.#forbid(c, signIn)
    try {
      const { trail, checkpointKey } = this.#options
      await this.#record(c, signIn, 0)
      const { kty, crv, x, kid } = { ...checkpointKey.publicJwk, kid: auditPublicKeyOf(checkpointKey).thumbprint }
      return c.json({ checkpoint: trail.writer.newestCheckpoint, key: { kty, crv, x, kid } }, 200, NO_STORE)
    } catch (error) {
      return this.#refuse(c, error)
    }
  }

  #mayAsk({ principal }: SignIn): boolean {
    return this.#readers.mayRead(this.#options.policySource.current, principal)
  }

  #record(c: Context, signIn: SignIn, count: number): Promise<void> {
    const policyRevision = this.#options.policySource.current.revision
    const context = { ...auditContextOf(c, signIn), policyRevision }
    return this.#options.trail.record([{ event: 'audit.queried', ...context, query: queryOf(c), count }])
  }

  #forbid(c: Context, signIn: SignIn): Response {
    const context = auditContextOf(c, signIn)
    this.#options.trail.append({ event: 'audit.query-refused', ...context, query: queryOf(c), reason: FORBIDDEN.code })
    return answerProblem(c, FORBIDDEN)
  }

  #refuse(c: Context, error: unknown): Response {
    if (error instanceof AuditQueryError)
      return answerProblem(c, { status: 400, title: error.message, code: error.code })
    const code = isHeadgateError(error) ? error.code : 'ERR_GATEWAY_HTTP_INTERNAL'
    const name = error instanceof AuditUnavailableError ? 'the question cannot be put on record' : 'the index failed'
    this.#options.log.error({ event: 'audit', code, reason: name }, 'the audit trail could not be asked')
    return answerProblem(c, UNAVAILABLE)
  }
}

/**
 * Makes the routes of `/v1/audit`: questions to the trail, for those who may `read-audit`. Each question is an event itself.
 *
 * Errors are `application/problem+json` with a `code`.
 */
export function auditRoutes(options: AuditEndpointOptions): AddRoutes {
  const endpoints = new AuditEndpoints(options)
  const onRefused = (c: Context, reason: string): void =>
    options.trail.append({ event: 'audit.query-refused', ...auditContextOf(c), query: queryOf(c), reason })
  const signedIn = (handle: (c: Context, signIn: SignIn) => Promise<Response>): Handler =>
    requireBearer({ ...options, event: 'audit', onRefused }, handle)
  return (app, failures) => {
    app.get('/v1/audit/events', failures, signedIn(endpoints.answer(listEvents)))
    app.get('/v1/audit/reads', failures, signedIn(endpoints.answer(whoRead)))
    app.get('/v1/audit/unapproved-writes', failures, signedIn(endpoints.answer(unapprovedWrites)))
    app.get(
      '/v1/audit/checkpoint',
      failures,
      signedIn((c, signIn) => endpoints.checkpoint(c, signIn)),
    )
  }
}
