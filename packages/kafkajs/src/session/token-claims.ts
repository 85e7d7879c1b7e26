import type { Secret } from '@headgate/core'
import { parseJsonObject, textMember } from '../http/json.ts'

/** What a client reads in its own gateway token. */
export interface TokenClaims {
  /** The name that the gateway knows this client by: its bundle must name it. */
  readonly clientId: string | undefined
  /** The least policy revision that goes with the token. */
  readonly minimumRevision: number
}

/**
 * Reads the client's own token. It came from the gateway over TLS and is only compared with what the gateway signs
 * elsewhere, so its signature is not checked: nothing is granted by it.
 */
export function readTokenClaims(token: Secret<string>): TokenClaims {
  const [, payload = ''] = token.reveal().split('.')
  const claims = parseJsonObject(Buffer.from(payload, 'base64url'))
  const revision = claims?.['rev']
  return {
    clientId: textMember(claims, 'client_id') ?? textMember(claims, 'sub'),
    minimumRevision: typeof revision === 'number' && Number.isSafeInteger(revision) ? revision : 0,
  }
}
