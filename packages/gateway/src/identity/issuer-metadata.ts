import type { Clock } from '@headgate/core'
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { IssuerUnavailableError } from './identity-errors.ts'
import type { OutboundFetch } from './outbound-fetch.ts'
import { RefreshedValue } from './refreshed-value.ts'

const HOUR_MS = 3_600_000
const PAUSE_MS = 15_000

async function discover(issuer: IssuerConfig, fetch: OutboundFetch): Promise<AuthorizationServer> {
  const url = new URL(issuer.issuer)
  const response = await discoveryRequest(url, {
    algorithm: 'oidc',
    [customFetch]: (address, { headers }) => fetch(address, { headers }),
    [allowInsecureRequests]: issuer.isPlaintextAllowed,
  })
  const metadata = await processDiscoveryResponse(url, response)
  // The library compares normalised URLs; tokens carry the text.
  if (metadata.issuer !== issuer.issuer) throw new TypeError('the discovered issuer is written differently')
  return metadata
}

/** Creates the discovered metadata of an issuer (OpenID Connect Discovery), kept for an hour, a day when asking fails. */
export function createIssuerMetadata(
  issuer: IssuerConfig,
  fetch: OutboundFetch,
  clock: Clock,
): RefreshedValue<AuthorizationServer> {
  const load = async (): Promise<AuthorizationServer> => {
    try {
      return await discover(issuer, fetch)
    } catch (cause) {
      throw new IssuerUnavailableError(issuer.name, cause)
    }
  }
  return new RefreshedValue({ load, clock, freshMs: HOUR_MS, staleMs: 24 * HOUR_MS, pauseMs: PAUSE_MS })
}
