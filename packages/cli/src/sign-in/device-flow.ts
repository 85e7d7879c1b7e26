import type { Clock } from '@headgate/core'
import {
  deviceAuthorizationRequest,
  deviceCodeGrantRequest,
  processDeviceAuthorizationResponse,
  processDeviceCodeResponse,
  ResponseBodyError,
} from 'oauth4webapi'
import { UnreachableError } from '../errors.ts'
import { atIssuer, type IssuedTokens, type IssuerClient, scopeParameters } from './issuer-client.ts'
import { LoginExpiredError } from './sign-in-errors.ts'

/** What a person is told to do. */
export interface DevicePrompt {
  /** Where to go. */
  readonly url: string
  /** What that page has to show, or asks for. */
  readonly userCode: string
}

// RFC 8628 section 3.2 and 3.5.
const DEFAULT_INTERVAL_SECONDS = 5
const SLOW_DOWN_SECONDS = 5
const MAX_INTERVAL_MS = 60_000

function pollErrorOf(error: unknown): string | undefined {
  return error instanceof ResponseBodyError ? error.error : undefined
}

/**
 * Signs a person in on whatever device she has a browser on (RFC 8628): shows her an address and a code, and asks at the
 * pace that the identity provider sets until she is done, and less often while it does not answer.
 */
export async function signInByDevice(
  issuer: IssuerClient,
  clock: Clock,
  show: (prompt: DevicePrompt) => void,
): Promise<IssuedTokens> {
  const { server, client, authentication, options, target } = issuer
  const started = await atIssuer(target.issuer, async () => {
    const parameters = scopeParameters(target)
    const response = await deviceAuthorizationRequest(server, client, authentication, parameters, options)
    return processDeviceAuthorizationResponse(server, client, response)
  })
  const endMs = clock.monotonicMs() + started.expires_in * 1_000
  show({ url: started.verification_uri_complete ?? started.verification_uri, userCode: started.user_code })
  let intervalMs = (started.interval ?? DEFAULT_INTERVAL_SECONDS) * 1_000
  for (;;) {
    await new Promise<void>((resolve) => clock.after(intervalMs, resolve))
    try {
      const response = await deviceCodeGrantRequest(server, client, authentication, started.device_code, options)
      return await processDeviceCodeResponse(server, client, response)
    } catch (error) {
      const reason = pollErrorOf(error)
      if (reason === 'slow_down') intervalMs += SLOW_DOWN_SECONDS * 1_000
      else if (error instanceof UnreachableError) intervalMs = Math.min(intervalMs * 2, MAX_INTERVAL_MS)
      else if (reason !== 'authorization_pending') return await atIssuer(target.issuer, () => Promise.reject(error))
    }
    if (clock.monotonicMs() > endMs) throw new LoginExpiredError(target.issuer)
  }
}
