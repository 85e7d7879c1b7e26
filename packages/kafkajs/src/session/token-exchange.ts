import { type Clock, Secret } from '@headgate/core'
import { HeadgateGatewayAnswerError, HeadgateIdentityRefusedError } from '../errors.ts'
import { ask } from '../http/failure.ts'
import type { HttpClient, HttpResponse } from '../http/http-client.ts'
import { parseJsonObject, printable, textMember } from '../http/json.ts'
import { type IdentityToken, TokenType } from '../identity/identity-source.ts'

/** An access token of the gateway, and how long it lives. */
export interface GatewayToken {
  readonly token: Secret<string>
  readonly lifetimeMs: number
  /** When it was asked for, by both clocks. */
  readonly asked: { readonly monotonicMs: number; readonly unixMs: number }
}

/**
 * How much of a token's life has passed, from 0 to 1 and beyond: by the monotonic clock or by the wall clock, whichever is further.
 *
 * The one may stand while a process is frozen, the other be set back.
 */
export function spentShare({ asked, lifetimeMs }: GatewayToken, clock: Clock): number {
  const passedMs = Math.max(clock.monotonicMs() - asked.monotonicMs, clock.nowUnixMs() - asked.unixMs)
  return passedMs / lifetimeMs
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
  // From before the request: the gateway's clock started after that, so the end is never taken too late.
  const asked = { monotonicMs: clock.monotonicMs(), unixMs: clock.nowUnixMs() }
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
  return { token: new Secret(token), lifetimeMs: seconds * 1000, asked }
}
