import { type Clock, Secret } from '@headgate/core'
import { HeadgateGatewayAnswerError, HeadgateIdentityRefusedError } from '../errors.ts'
import { ask } from '../http/failure.ts'
import type { HttpClient, HttpResponse } from '../http/http-client.ts'
import { parseJsonObject, printable, textMember } from '../http/json.ts'
import { type IdentityToken, TokenType } from '../identity/identity-source.ts'

/** An access token of the gateway, and how long it lives. Times are of the monotonic clock. */
export interface GatewayToken {
  readonly token: Secret<string>
  readonly lifetimeMs: number
  /** Half of the life: from here on a new one is had where that is possible. */
  readonly freshUntilMs: number
  readonly expiresAtMs: number
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

function refuse(response: HttpResponse): never {
  const document = parseJsonObject(response.body)
  const error = printable(textMember(document, 'error')) || `HTTP ${response.status}`
  const description = printable(textMember(document, 'error_description'))
  throw new HeadgateIdentityRefusedError({
    message: `the gateway refused this service's identity: ${error}${description && `: ${description}`}: check that the gateway's configuration names this issuer, audience and token type`,
    details: { error, status: response.status },
  })
}

/**
 * Exchanges a token of the identity provider for one of the gateway (RFC 8693).
 *
 * With `earlier`, a token of the gateway that was had before, its session goes on: one process is one session. It prolongs no
 * right.
 *
 * @throws HeadgateIdentityRefusedError `ERR_KAFKAJS_IDENTITY_REFUSED` when the gateway does not take the token
 * @throws HeadgateGatewayUnreachableError `ERR_KAFKAJS_GATEWAY_UNREACHABLE`
 */
export async function exchangeToken(
  http: HttpClient,
  tokenEndpoint: URL,
  subject: IdentityToken,
  earlier: Secret<string> | undefined,
  clock: Clock,
): Promise<GatewayToken> {
  const form = new URLSearchParams({
    grant_type: EXCHANGE,
    subject_token: subject.token.reveal(),
    subject_token_type: subject.type,
    requested_token_type: TokenType.ACCESS_TOKEN,
    ...(earlier && { session_token: earlier.reveal() }),
  })
  const startedMs = clock.monotonicMs()
  const response = await ask(http, 'gateway', {
    method: 'POST',
    url: tokenEndpoint,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  })
  if (response.status !== 200) refuse(response)
  const document = parseJsonObject(response.body)
  const token = textMember(document, 'access_token')
  const seconds = document?.['expires_in']
  if (token === undefined || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new HeadgateGatewayAnswerError({ message: "the gateway's token response holds no token or no lifetime" })
  }
  // Counted from before the request: the gateway's clock started after that, so the end is never taken too late.
  const lifetimeMs = seconds * 1000
  return {
    token: new Secret(token),
    lifetimeMs,
    freshUntilMs: startedMs + lifetimeMs / 2,
    expiresAtMs: startedMs + lifetimeMs,
  }
}
