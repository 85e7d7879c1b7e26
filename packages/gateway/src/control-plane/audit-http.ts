import type { AuditContext } from '@headgate/audit'
import type { Context } from 'hono'
import type { SignIn } from '../identity/authenticator.ts'
import { clientAddressOf } from './client-address.ts'

/** What the trail says of who sent an HTTP request, and of where it came from. */
export function auditContextOf(c: Context, signIn?: SignIn): AuditContext {
  const source = { address: clientAddressOf(c), listener: 'http' }
  if (signIn === undefined) return { source }
  const { issuer, subject, groups } = signIn.principal
  const actor = { issuer, subject, ...(groups === undefined ? {} : { groups: [...groups] }) }
  const client = signIn.clientId === undefined ? {} : { clientId: signIn.clientId }
  return { actor, source, session: signIn.sessionId, ...client }
}

const MAX_QUESTION = 500
/** Parameters of questions to the trail, and of those about sessions. */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['issuer', 'principal', 'session', 'topic', 'partition', 'offset', 'event', 'from', 'to', 'since', 'until'],
  ...['after', 'limit'],
])

/**
 * What was asked, as the trail keeps it: the path without `prefix`, and the parameters that there are. Others are left out,
 * for somebody may send a token as one.
 */
export function questionOf(c: Context, prefix = ''): string {
  const { pathname, searchParams } = new URL(c.req.url)
  const known = new URLSearchParams([...searchParams].filter(([name]) => PARAMETERS.has(name)))
  const asked = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : pathname
  return `${asked}${known.size === 0 ? '' : `?${known}`}`.slice(0, MAX_QUESTION)
}
