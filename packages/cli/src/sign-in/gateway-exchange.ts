import { type Clock, Secret } from '@headgate/core'
import type { OutboundFetch } from '@headgate/gateway'
import { GatewayAnswerError, UnreachableError } from '../errors.ts'
import { jsonObject, numberMember, parseJson, printable, textMember } from '../json-value.ts'
import { ExchangeRefusedError } from './sign-in-errors.ts'

/** Whom a gateway takes the bearer of a token for. */
export interface Person {
  /** What the gateway's policies call the issuer. */
  readonly issuer: string
  readonly subject: string
  /** Absent where the gateway does not know any. */
  readonly groups: readonly string[] | undefined
}

/** A token of the gateway. */
export interface GatewayToken {
  readonly token: Secret<string>
  readonly person: Person
  readonly expiresAtUnixMs: number
}

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

/** The claims of a token that came from its issuer itself, and so are not verified again. */
function claimsOf(token: string): ReturnType<typeof jsonObject> {
  return jsonObject(parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')))
}

/** Reads a token that the gateway minted; nothing when it is none of that gateway. */
export function readGatewayToken(token: Secret<string>, gateway: string): GatewayToken | undefined {
  const claims = claimsOf(token.reveal())
  const [issuer, subject] = [textMember(claims, 'idp'), textMember(claims, 'sub')]
  const expiresAt = numberMember(claims, 'exp')
  if (textMember(claims, 'iss') !== gateway || issuer === undefined) return undefined
  if (subject === undefined || expiresAt === undefined) return undefined
  const groups = claims?.['groups']
  const names = Array.isArray(groups) ? groups.map(String) : undefined
  return { token, person: { issuer, subject, groups: names }, expiresAtUnixMs: expiresAt * 1_000 }
}

async function refuse(gateway: string, response: Response): Promise<never> {
  if (response.status === 429 || response.status >= 500) {
    throw new UnreachableError(new URL(gateway).host, `HTTP ${response.status}`)
  }
  const document = jsonObject(parseJson(await response.text()))
  const parts = [textMember(document, 'error'), textMember(document, 'error_description')].map((text) =>
    printable(text),
  )
  throw new ExchangeRefusedError(gateway, parts.filter((part) => part !== '').join(': ') || `HTTP ${response.status}`)
}

/**
 * Exchanges a token of the identity provider for one of the gateway (RFC 8693). With `earlier`, a token of the gateway that was
 * had before, its session goes on; that prolongs no right.
 *
 * @throws {ExchangeRefusedError} `ERR_CLI_EXCHANGE_REFUSED`
 * @throws {UnreachableError} `ERR_CLI_UNREACHABLE`
 */
export async function exchangeToken(
  gateway: string,
  subject: Secret<string>,
  fetch: OutboundFetch,
  clock: Clock,
  earlier?: Secret<string>,
): Promise<GatewayToken> {
  const startedUnixMs = clock.nowUnixMs()
  const response = await fetch(`${gateway}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject.reveal(),
      subject_token_type: TOKEN_TYPE,
      requested_token_type: TOKEN_TYPE,
      ...(earlier === undefined ? {} : { session_token: earlier.reveal() }),
    }).toString(),
  })
  if (response.status !== 200) return refuse(gateway, response)
  const document = jsonObject(parseJson(await response.text()))
  const [token, seconds] = [textMember(document, 'access_token'), numberMember(document, 'expires_in')]
  const read = token === undefined ? undefined : readGatewayToken(new Secret(token), gateway)
  if (read === undefined || seconds === undefined) {
    throw new GatewayAnswerError(new URL(gateway).host, 'its token response holds no token of its own')
  }
  // By this machine's clock, counted from before the request: never taken to live longer than it does.
  return { ...read, expiresAtUnixMs: startedUnixMs + seconds * 1_000 }
}
