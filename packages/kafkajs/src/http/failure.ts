import {
  HeadgateGatewayUnreachableError,
  HeadgateIdentityUnavailableError,
  HeadgateUnknownAuthorityError,
} from '../errors.ts'
import { type HttpClient, HttpFailure, type HttpRequest, type HttpResponse } from './http-client.ts'

/** Who was asked: it decides the class of the error and what its message tells to do. */
export type Party = 'gateway' | 'identity provider'

const CA_MENDS: Record<Party, string> = {
  gateway:
    "give its authority's certificate as headgate.ca or HEADGATE_CA, and use a host name that the certificate holds",
  'identity provider':
    "give its authority's certificate as `ca` of clientCredentials or HEADGATE_ISSUER_CA, and use a host name that the certificate holds",
}

/** What is likely wrong with an address where something listens that speaks another protocol. */
const PROTOCOL_HINTS: Readonly<Record<string, string>> = {
  EPROTO: 'what listens there speaks no TLS; is it `http://`?',
  HPE_INVALID_CONSTANT: 'what listens there speaks no HTTP; is it a port of Kafka?',
}

const LONGEST_RETRY_AFTER_MS = 120_000

/** How long a server asked to be left alone (`Retry-After` in seconds), within reason; 0 where it did not. */
function readRetryAfter({ headers }: HttpResponse): number {
  const seconds = /^\d{1,6}$/.exec(headers['retry-after'] ?? '')?.[0] ?? '0'
  return Math.min(Number(seconds) * 1000, LONGEST_RETRY_AFTER_MS)
}

/** How long the server that an error is about asked to be left alone; 0 where it did not. */
export function retryAfterMsOf(error: unknown): number {
  const isOfServer =
    error instanceof HeadgateGatewayUnreachableError || error instanceof HeadgateIdentityUnavailableError
  const retryAfterMs = isOfServer ? error.details['retryAfterMs'] : 0
  return typeof retryAfterMs === 'number' ? retryAfterMs : 0
}

/** Turns a missing answer into the error that tells what to do. */
function transportError(party: Party, url: URL, failure: HttpFailure, retryAfterMs = 0): Error {
  const { reason, wasConnected } = failure
  const details = { host: url.host, reason, wasConnected, ...(retryAfterMs > 0 && { retryAfterMs }) }
  if (failure.kind === 'untrusted') {
    const message = `the certificate of the ${party} at \`${url.host}\` is not trusted (${failure.reason}): ${CA_MENDS[party]}`
    return new HeadgateUnknownAuthorityError({ message, details, cause: failure })
  }
  const hint = PROTOCOL_HINTS[failure.reason]
  const message = `the ${party} at \`${url.host}\` gave no answer (${failure.reason}${hint === undefined ? '' : `: ${hint}`})`
  return party === 'gateway'
    ? new HeadgateGatewayUnreachableError({
        message: `${message}: check headgate.gateway or HEADGATE_GATEWAY, and that it can be reached from here`,
        details,
        cause: failure,
      })
    : new HeadgateIdentityUnavailableError({
        message: `${message}: check the issuer's address, and that it can be reached from here`,
        details,
        cause: failure,
      })
}

/** Asks a server; a missing answer, and one that says "later", become the error that tells what to do. */
export async function ask(http: HttpClient, party: Party, request: HttpRequest): Promise<HttpResponse> {
  const response = await http.request(request).catch((error: unknown) => {
    throw error instanceof HttpFailure ? transportError(party, request.url, error) : error
  })
  if (response.status === 429 || response.status >= 500) {
    const failure = new HttpFailure('unreachable', `HTTP ${response.status}`)
    throw transportError(party, request.url, failure, readRetryAfter(response))
  }
  return response
}
