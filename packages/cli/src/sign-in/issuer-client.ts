import type { OutboundFetch } from '@headgate/gateway'
import {
  AuthorizationResponseError,
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  customFetch,
  discoveryRequest,
  None,
  OperationProcessingError,
  processDiscoveryResponse,
  ResponseBodyError,
  type TokenEndpointRequestOptions,
  type TokenEndpointResponse,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import { printable } from '../json-value.ts'
import type { LoginTarget } from './saved-sign-ins.ts'
import { LoginAnswerError, LoginDeniedError, LoginExpiredError, LoginRefusedError } from './sign-in-errors.ts'

/** An identity provider as a public client asks it. */
export interface IssuerClient {
  readonly target: LoginTarget
  readonly server: AuthorizationServer
  readonly client: Client
  readonly authentication: ReturnType<typeof None>
  readonly options: TokenEndpointRequestOptions
}

/** The tokens of a sign-in, as the identity provider gave them. */
export type IssuedTokens = Pick<TokenEndpointResponse, 'access_token' | 'refresh_token' | 'expires_in'>

// RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5: words, so they may be shown.
const ERROR_WORD = /^[a-z_]{1,40}$/

function wordOf(error: string): string {
  return ERROR_WORD.test(error) ? error : 'another reason'
}

/** Turns what a flow ran into, into the error that says what to do; errors of ours stay as they are. */
function loginFailureOf(issuer: string, error: unknown): unknown {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    if (error.error === 'access_denied') return new LoginDeniedError(issuer)
    if (error.error === 'expired_token') return new LoginExpiredError(issuer)
    return new LoginRefusedError(issuer, wordOf(error.error))
  }
  if (error instanceof WWWAuthenticateChallengeError) return new LoginRefusedError(issuer, 'invalid_client')
  // The causes hold parameters and bodies, and so tokens: only the library's own sentence goes on.
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    return new LoginAnswerError(issuer, printable(error.message))
  }
  return error
}

/** Runs a step of a sign-in and gives its failure the form that a person understands. */
export async function atIssuer<T>(issuer: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw loginFailureOf(issuer, error)
  }
}

/** What an issuer is asked with. */
export interface IssuerClientOptions {
  readonly target: LoginTarget
  readonly fetch: OutboundFetch
  readonly isPlaintextAllowed: boolean
}

/** Learns how the identity provider is asked, by its discovery document. */
export async function createIssuerClient(options: IssuerClientOptions): Promise<IssuerClient> {
  const { target, fetch, isPlaintextAllowed } = options
  const requests: TokenEndpointRequestOptions = {
    [customFetch]: (url, { method, headers, body }) =>
      fetch(url, { method, headers, ...(body == null ? {} : { body: String(body) }) }),
    [allowInsecureRequests]: isPlaintextAllowed,
  }
  const server = await atIssuer(target.issuer, async () => {
    const url = new URL(target.issuer)
    const response = await discoveryRequest(url, {
      algorithm: 'oidc',
      [customFetch]: (address, { headers }) => fetch(address, { headers }),
      [allowInsecureRequests]: isPlaintextAllowed,
    })
    return processDiscoveryResponse(url, response)
  })
  return { target, server, client: { client_id: target.clientId }, authentication: None(), options: requests }
}

/** The parameters that say what a token is to be for. */
export function scopeParameters({ scopes, resource }: LoginTarget): Record<string, string> {
  return { scope: scopes.join(' '), ...(resource === undefined ? {} : { resource }) }
}
