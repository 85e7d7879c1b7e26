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
