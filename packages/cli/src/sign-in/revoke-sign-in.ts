import type { OutboundFetch } from '@headgate/gateway'
import { processRevocationResponse, revocationRequest } from 'oauth4webapi'
import type { GatewayAddress } from '../gateway-address.ts'
import { createIssuerClient } from './issuer-client.ts'
import type { SavedSignIn } from './saved-sign-ins.ts'

/**
 * Has the identity provider forget a sign-in (RFC 7009); gives whether it offers that.
 *
 * An access token that was given out stays good to its end, which is why they are short.
 */
export async function revokeSignIn(
  { target, refreshToken, accessToken }: SavedSignIn,
  { isPlaintextAllowed }: GatewayAddress,
  fetch: OutboundFetch,
): Promise<boolean> {
  const { server, client, authentication, options } = await createIssuerClient({ target, fetch, isPlaintextAllowed })
  if (server.revocation_endpoint === undefined) return false
  const token = refreshToken ?? accessToken
  const response = await revocationRequest(server, client, authentication, token.reveal(), options)
  await processRevocationResponse(response)
  return true
}
