import type { Secret } from '@headgate/core'
import {
  defaultSaslAuthenticateRequest,
  defaultSaslHandshakeRequest,
  type SaslAuthenticateResponse,
  type SaslHandshakeResponse,
} from '@headgate/wire'
import type { Upstream } from '../data-plane/upstream.ts'
import { requestUpstream } from '../data-plane/upstream-request.ts'
import { RelaySignInError } from './errors.ts'

const CLIENT_ID = 'headgate-connect'
const NOT_PRINTABLE = /[^\x20-\x7e]/g
const MAX_TEXT = 200

/** A server's text, safe for a terminal. */
function printable(text: string | null): string {
  return (text ?? '').replace(NOT_PRINTABLE, '').slice(0, MAX_TEXT)
}

/**
 * Signs in at the gateway by SASL/OAUTHBEARER (RFC 7628), past what is queued; gives the session's life in milliseconds, 0 for
 * one without an end.
 *
 * @throws {RelaySignInError} `ERR_GATEWAY_RELAY_SIGN_IN`
 */
export async function signInRelay(upstream: Upstream, token: Secret<string>): Promise<number> {
  const mechanism = 'OAUTHBEARER'
  const handshake = await requestUpstream<SaslHandshakeResponse>(
    upstream,
    { apiKey: 17, apiVersion: 1, clientId: CLIENT_ID, body: { ...defaultSaslHandshakeRequest(), mechanism } },
    true,
  )
  if (handshake.errorCode !== 0) throw new RelaySignInError('it does not offer tokens', handshake.errorCode)
  const authBytes = Buffer.from(`n,,\x01auth=Bearer ${token.reveal()}\x01\x01`, 'latin1')
  const answer = await requestUpstream<SaslAuthenticateResponse>(
    upstream,
    { apiKey: 36, apiVersion: 1, clientId: CLIENT_ID, body: { ...defaultSaslAuthenticateRequest(), authBytes } },
    true,
  )
  if (answer.errorCode === 0) return Number(answer.sessionLifetimeMs)
  throw new RelaySignInError(printable(answer.errorMessage) || `code ${answer.errorCode}`, answer.errorCode)
}
