import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** A problem as RFC 9457 has it, with our code. */
export interface ProblemDetails {
  readonly status: ContentfulStatusCode
  readonly title: string
  readonly code: string
  readonly detail?: string
  /** The id of the ask that it is about. */
  readonly ask?: string
}

/** Answers with `application/problem+json`; `code` is what to match on. */
export function answerProblem(c: Context, problem: ProblemDetails, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: 'about:blank', ...problem })
  return c.body(body, problem.status, {
    ...headers,
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  })
}
