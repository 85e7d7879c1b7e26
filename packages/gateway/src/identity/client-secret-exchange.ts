import type { Secret } from '@headgate/core'
import {
  type AuthorizationServer,
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { ClientSecretRefusedError, IdentityError, IssuerUnavailableError } from './identity-errors.ts'
import type { OutboundFetch } from './outbound-fetch.ts'

/** What an exchange of client id and secret needs. */
export interface ClientSecretExchangeOptions {
  readonly issuer: IssuerConfig
  readonly metadata: () => Promise<AuthorizationServer>
  readonly fetch: OutboundFetch
}

/** Exchanges client id and secret for the issuer's access token. */
export type ClientSecretExchange = (clientId: string, secret: Secret<string>) => Promise<string>

// RFC 6749 section 5.2 and RFC 8707: words that may be passed on. Anything else an issuer says may not.
const KNOWN_ERRORS: ReadonlySet<string> = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
])

function clientAuthentication(metadata: AuthorizationServer, secret: string): ClientAuth {
  const methods = metadata.token_endpoint_auth_methods_supported
  // Without a list the default is client_secret_basic (RFC 8414 section 2).
  const isPostOnly = methods?.includes('client_secret_basic') === false && methods.includes('client_secret_post')
  return isPostOnly ? ClientSecretPost(secret) : ClientSecretBasic(secret)
}

function requestParameters({ clientCredentials }: IssuerConfig): URLSearchParams {
  const parameters = new URLSearchParams()
  if (clientCredentials?.scope !== undefined) parameters.set('scope', clientCredentials.scope)
  if (clientCredentials?.resource !== undefined) parameters.set('resource', clientCredentials.resource)
  return parameters
}

function refusalOf(issuer: IssuerConfig, error: unknown): IdentityError {
  if (error instanceof IdentityError) return error
  if (error instanceof WWWAuthenticateChallengeError) return new ClientSecretRefusedError(issuer.name, 'invalid_client')
  if (error instanceof ResponseBodyError && error.status < 500 && error.status !== 429) {
    return new ClientSecretRefusedError(issuer.name, KNOWN_ERRORS.has(error.error) ? error.error : 'another reason')
  }
  // The cause of anything else may quote an answer that holds a token.
  return new IssuerUnavailableError(issuer.name)
}

/**
 * Creates the exchange of client id and secret by the client credentials grant at an issuer's discovered token
 * endpoint. Throws {@link ClientSecretRefusedError} or {@link IssuerUnavailableError}.
 */
export function createClientSecretExchange({
  issuer,
  metadata,
  fetch,
}: ClientSecretExchangeOptions): ClientSecretExchange {
  return async (clientId, secret) => {
    try {
      const server = await metadata()
      const client = { client_id: clientId }
      const authentication = clientAuthentication(server, secret.reveal())
      const response = await clientCredentialsGrantRequest(server, client, authentication, requestParameters(issuer), {
        [customFetch]: (url, { method, headers, body }) => fetch(url, { method, headers, body: String(body) }),
        [allowInsecureRequests]: issuer.isPlaintextAllowed,
      })
      return (await processClientCredentialsResponse(server, client, response)).access_token
    } catch (error) {
      throw refusalOf(issuer, error)
    }
  }
}
