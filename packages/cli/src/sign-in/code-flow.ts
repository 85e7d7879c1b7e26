import type { Clock } from '@headgate/core'
import {
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  processAuthorizationCodeResponse,
  validateAuthResponse,
} from 'oauth4webapi'
import { type Callback, startCallbackServer } from './callback-server.ts'
import { atIssuer, type IssuedTokens, type IssuerClient, scopeParameters } from './issuer-client.ts'
import { LoginExpiredError, LoginUnsupportedError } from './sign-in-errors.ts'

/** How a person is signed in in a browser of this machine. */
export interface CodeFlowOptions {
  readonly clock: Clock
  /** The port of the redirect; 0 takes any, which RFC 8252 lets a native client do. */
  readonly redirectPort: number
  readonly show: (url: string) => void
}

interface Proofs {
  readonly verifier: string
  readonly state: string
  /** Only where an ID token is asked for. */
  readonly nonce: string | undefined
}

const WAIT_MS = 600_000

async function authorizationUrl(issuer: IssuerClient, redirectUri: string, proofs: Proofs): Promise<string> {
  const { server, client, target } = issuer
  if (server.authorization_endpoint === undefined) {
    throw new LoginUnsupportedError(target.issuer, 'offers neither the device flow nor the authorization code flow')
  }
  const url = new URL(server.authorization_endpoint)
  const parameters = {
    ...scopeParameters(target),
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: redirectUri,
    state: proofs.state,
    code_challenge: await calculatePKCECodeChallenge(proofs.verifier),
    code_challenge_method: 'S256',
    ...(proofs.nonce === undefined ? {} : { nonce: proofs.nonce }),
    // OpenID Connect Core section 11: without it a provider need not give a refresh token.
    ...(target.scopes.includes('offline_access') ? { prompt: 'consent' } : {}),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

async function redeem(
  issuer: IssuerClient,
  { url }: Callback,
  redirectUri: string,
  proofs: Proofs,
): Promise<IssuedTokens> {
  const { server, client, authentication, options } = issuer
  // Checks `state`, `iss` (RFC 9207) and that it is no error.
  const parameters = validateAuthResponse(server, client, url, proofs.state)
  const { verifier, nonce } = proofs
  const request = [server, client, authentication, parameters, redirectUri, verifier, options] as const
  const expected = nonce === undefined ? {} : { expectedNonce: nonce, requireIdToken: true }
  return processAuthorizationCodeResponse(server, client, await authorizationCodeGrantRequest(...request), expected)
}

function expiryOf(clock: Clock, issuer: string): { readonly expired: Promise<never>; cancel(): void } {
  let cancel = (): void => {}
  const expired = new Promise<never>((_, reject) => {
    const timer = clock.after(WAIT_MS, () => reject(new LoginExpiredError(issuer)))
    cancel = () => timer.cancel()
  })
  return { expired, cancel: () => cancel() }
}

/**
 * Signs a person in by a browser of this machine: authorization code with PKCE (RFC 7636), to a redirect on loopback (RFC 8252);
 * `state`, `nonce` and `iss` have to be those of this sign-in.
 */
export async function signInByCode(issuer: IssuerClient, options: CodeFlowOptions): Promise<IssuedTokens> {
  const { issuer: address, scopes } = issuer.target
  const nonce = scopes.includes('openid') ? generateRandomNonce() : undefined
  const proofs: Proofs = { verifier: generateRandomCodeVerifier(), state: generateRandomState(), nonce }
  const server = await startCallbackServer(options.redirectPort)
  const { expired, cancel } = expiryOf(options.clock, address)
  try {
    options.show(await authorizationUrl(issuer, server.redirectUri, proofs))
    const callback = await Promise.race([server.callback, expired])
    try {
      const tokens = await atIssuer(address, () => redeem(issuer, callback, server.redirectUri, proofs))
      callback.answer(true)
      return tokens
    } catch (error) {
      callback.answer(false)
      throw error
    }
  } finally {
    cancel()
    server.close()
  }
}
