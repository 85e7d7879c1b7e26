import type { Context } from 'hono'
import type { TokenRefusal } from './token-request.ts'

/** When to come back, where it is a matter of time. */
export const RETRY_AFTER_SECONDS = '5'
/** Nothing of the token endpoint is kept by anyone (RFC 6749 section 5.1). */
export const NO_STORE: Readonly<Record<string, string>> = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }
// RFC 6749 section 5.2: what an error_description may not hold.
const NOT_IN_DESCRIPTION = /[^\x20-\x21\x23-\x5B\x5D-\x7E]/g

const STATUS: Readonly<Record<TokenRefusal['error'], 400 | 401 | 503>> = Object.freeze({
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unsupported_grant_type: 400,
  temporarily_unavailable: 503,
})

/** Answers with an error of RFC 6749 section 5.2. */
export function answerTokenError(c: Context, { error, description }: TokenRefusal, status?: 413 | 429): Response {
  const headers: Record<string, string> = { ...NO_STORE }
  if (error === 'temporarily_unavailable') headers['Retry-After'] = RETRY_AFTER_SECONDS
  if (error === 'invalid_client') headers['WWW-Authenticate'] = 'Bearer'
  const body = { error, error_description: description.replace(NOT_IN_DESCRIPTION, '?') }
  return c.json(body, status ?? STATUS[error], headers)
}
