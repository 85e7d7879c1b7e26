import { AuditUnavailableError } from '@headgate/audit'
import type { Clock } from '@headgate/core'
import type { TokenKey } from '@headgate/masking'
import type { Context, Handler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { SignIn } from '../../identity/authenticator.ts'
import type { RecordSource } from '../../record-source.ts'
import { StoreFailedError, StoreOpenError } from '../../store/errors.ts'
import type { Asks } from '../asks/asks.ts'
import { auditContextOf, questionOf } from '../audit-http.ts'
import { AuditReaders } from '../audit-reader.ts'
import type { AuditSink } from '../audit-sink.ts'
import { type BearerOptions, requireBearer } from '../bearer.ts'
import type { AddRoutes } from '../http-app.ts'
import { answerProblem } from '../problem-answer.ts'
import { Replay } from '../replay/replay.ts'
import { ViewerRights } from '../replay/viewer-right.ts'
import { ReplayBusyError, SessionError, SessionRefusedError, SessionUnknownError } from './errors.ts'
import type { SessionArchive } from './session-archive.ts'
import { describeSession } from './session-detail.ts'
import { parseReplayQuery, parseSessionListQuery, parseSessionQuery } from './session-query.ts'

/** What {@link sessionRoutes} needs. */
export interface SessionEndpointOptions extends Omit<BearerOptions, 'event' | 'problems'> {
  readonly archive: SessionArchive
  readonly records: RecordSource
  readonly tokenKeys: readonly TokenKey[]
  readonly asks: Pick<Asks, 'newestOf'>
  readonly audit: AuditSink
  readonly clock: Clock
}

type Handle = (c: Context, signIn: SignIn) => Promise<Response>

const MAX_REPLAYS = 4
const NO_STORE = { 'Cache-Control': 'no-store' }
const RETRY = { 'Retry-After': '1' }
const STATUS: Readonly<Record<string, ContentfulStatusCode>> = Object.freeze({
  ERR_GATEWAY_SESSION_UNKNOWN: 404,
  ERR_GATEWAY_SESSION_REFUSED: 403,
  ERR_GATEWAY_SESSION_QUERY: 400,
  ERR_GATEWAY_SESSIONS_OFF: 501,
  ERR_GATEWAY_REPLAY_BUSY: 503,
})

function answerError(c: Context, error: unknown): Response {
  if (error instanceof SessionError) {
    const status = STATUS[error.code] ?? 500
    return answerProblem(c, { status, title: error.message, code: error.code }, status === 503 ? RETRY : {})
  }
  if (error instanceof StoreOpenError || error instanceof StoreFailedError)
    return answerProblem(c, { status: 503, title: 'the store does not answer', code: error.code }, RETRY)
  if (error instanceof AuditUnavailableError)
    return answerProblem(c, { status: 503, title: 'the audit trail cannot be written', code: error.code }, RETRY)
  throw error
}

class SessionEndpoints {
  readonly #options: SessionEndpointOptions
  readonly #readers: AuditReaders
  readonly #rights: ViewerRights
  #replays = 0

  constructor(options: SessionEndpointOptions) {
    this.#options = options
    this.#readers = new AuditReaders(options.clock)
    this.#rights = new ViewerRights(options.asks, options.clock)
  }

  readonly list: Handle = async (c, signIn) => {
    const query = parseSessionListQuery(c.req.query())
    const { items, next } = await (await this.#options.archive.table()).list(query)
    this.#told(c, signIn, items.length)
    return c.json({ sessions: items, ...(next === undefined ? {} : { next }) }, 200, NO_STORE)
  }

  readonly show: Handle = async (c, signIn) => {
    const query = parseSessionQuery(c.req.query())
    const detail = await describeSession(await this.#options.archive.table(), c.req.param('id') ?? '', query)
    if (detail === undefined) throw new SessionUnknownError()
    this.#told(c, signIn, detail.entries.length)
    return c.json(detail, 200, NO_STORE)
  }

  readonly replay: Handle = async (c, signIn) => {
    const query = parseReplayQuery(c.req.query())
    const table = await this.#options.archive.table()
    const session = await table.find(c.req.param('id') ?? '')
    if (session === undefined) throw new SessionUnknownError()
    if (this.#replays >= MAX_REPLAYS) throw new ReplayBusyError()
    const { records: source, archive, ...options } = this.#options
    const parts = { ...options, source, masks: archive.masks, rights: this.#rights }
    const context = auditContextOf(c, signIn)
    const replay = new Replay(parts, { session, table, viewer: signIn.principal, context, query })
    this.#told(c, signIn, 1)
    const body = ReadableStream.from(this.#counted(replay.lines())) as ReadableStream<Uint8Array>
    return c.body(body, 200, { ...NO_STORE, 'Content-Type': 'application/x-ndjson' })
  }

  /** Makes a handler for whoever may read the audit. */
  guard(handle: Handle): Handle {
    return async (c, signIn) => {
      try {
        if (!this.#readers.mayRead(this.#options.policySource.current, signIn.principal)) {
          const reason = 'ERR_GATEWAY_SESSION_REFUSED'
          this.#options.audit.append({
            event: 'audit.query-refused',
            ...auditContextOf(c, signIn),
            query: questionOf(c),
            reason,
          })
          throw new SessionRefusedError()
        }
        return await handle(c, signIn)
      } catch (error) {
        return answerError(c, error)
      }
    }
  }

  #told(c: Context, signIn: SignIn, count: number): void {
    this.#options.audit.append({ event: 'audit.queried', ...auditContextOf(c, signIn), query: questionOf(c), count })
  }

  async *#counted(lines: AsyncGenerator<string>): AsyncGenerator<Uint8Array, void, undefined> {
    const encoder = new TextEncoder()
    this.#replays += 1
    try {
      for await (const text of lines) yield encoder.encode(text)
    } catch (error) {
      // The status is gone by now; the line tells the reader that this is no end.
      if (!(error instanceof Error && 'code' in error)) throw error
      yield encoder.encode(`${JSON.stringify({ type: 'error', code: String(error.code) })}\n`)
    } finally {
      this.#replays -= 1
    }
  }
}

/**
 * Makes the routes of `/v1/sessions`: what sessions did, and what they saw. They are for whoever may `read-audit`; records are
 * shown to whoever may `replay` their topic besides. Every question is on the trail.
 */
export function sessionRoutes(options: SessionEndpointOptions): AddRoutes {
  const endpoints = new SessionEndpoints(options)
  const signedIn = (handle: Handle): Handler => requireBearer({ ...options, event: 'session' }, endpoints.guard(handle))
  return (app, failures) => {
    app.get('/v1/sessions', failures, signedIn(endpoints.list))
    app.get('/v1/sessions/:id', failures, signedIn(endpoints.show))
    app.get('/v1/sessions/:id/replay', failures, signedIn(endpoints.replay))
  }
}
