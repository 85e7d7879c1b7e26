import { isHeadgateError } from '@headgate/core'
import type { Context } from 'hono'
import type { SignIn } from '../../identity/authenticator.ts'
import type { TopicList } from '../../record-source.ts'
import { auditContextOf, questionOf } from '../audit-http.ts'
import { AuditReaders } from '../audit-reader.ts'
import type { AuditSink } from '../audit-sink.ts'
import { type BearerOptions, requireBearer } from '../bearer.ts'
import type { AddRoutes } from '../http-app.ts'
import { answerProblem, type ProblemDetails } from '../problem-answer.ts'
import type { SeenBook } from './seen-book.ts'

/** What {@link seenRoutes} needs. */
export interface SeenEndpointOptions extends Omit<BearerOptions, 'event' | 'problems'> {
  readonly seen: SeenBook
  readonly topics: TopicList
  readonly audit: AuditSink
  readonly clock: ConstructorParameters<typeof AuditReaders>[0]
}

const NO_STORE = { 'Cache-Control': 'no-store' }
const FORBIDDEN: ProblemDetails = {
  status: 403,
  title: 'no rule lets you read what was seen: it takes `may: { cluster: [read-audit] }`',
  code: 'ERR_GATEWAY_AUDIT_FORBIDDEN',
}
const UNAVAILABLE: ProblemDetails = {
  status: 503,
  title: 'what was seen cannot be told now',
  code: 'ERR_GATEWAY_SEEN_UNAVAILABLE',
}

/** The topics that there are; absent where the brokers cannot be asked, and nothing must be concluded from it. */
async function topicNames(topics: TopicList): Promise<{ readonly topics?: readonly string[] }> {
  try {
    return { topics: await topics.names() }
  } catch {
    return {}
  }
}

/**
 * Makes the route of `/v1/seen`: what clients were let do, and which topics there are, for whoever may `read-audit`. A policy is
 * drafted from it. The question is on the trail.
 */
export function seenRoutes(options: SeenEndpointOptions): AddRoutes {
  const readers = new AuditReaders(options.clock)
  const answer = async (c: Context, signIn: SignIn): Promise<Response> => {
    const { policySource, audit, seen } = options
    const context = { ...auditContextOf(c, signIn), policyRevision: policySource.current.revision }
    const query = questionOf(c, '/v1/')
    if (!readers.mayRead(policySource.current, signIn.principal)) {
      audit.append({ event: 'audit.query-refused', ...context, query, reason: FORBIDDEN.code })
      return answerProblem(c, FORBIDDEN)
    }
    try {
      const { sinceUnixMs, entries, rules } = await seen.read()
      audit.append({ event: 'audit.queried', ...context, query, count: entries.length })
      const { modes } = policySource.current
      return c.json(
        { sinceUnixMs, modes, accesses: entries, rules, ...(await topicNames(options.topics)) },
        200,
        NO_STORE,
      )
    } catch (error) {
      const code = isHeadgateError(error) ? error.code : 'ERR_GATEWAY_HTTP_INTERNAL'
      options.log.error({ event: 'seen', code }, 'what was seen could not be read')
      return answerProblem(c, UNAVAILABLE)
    }
  }
  return (app, failures) => {
    app.get('/v1/seen', failures, requireBearer({ ...options, event: 'seen' }, answer))
  }
}
