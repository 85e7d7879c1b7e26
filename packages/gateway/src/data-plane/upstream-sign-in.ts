import {
  defaultSaslAuthenticateRequest,
  defaultSaslHandshakeRequest,
  type SaslAuthenticateResponse,
  type SaslHandshakeResponse,
} from '@headgate/wire'
import type { UpstreamSasl } from '../config/gateway-config.ts'
import { UpstreamSignInError } from './errors.ts'
import { type SaltedPasswordCache, ScramExchange } from './scram.ts'
import type { Upstream } from './upstream.ts'
import { requestUpstream } from './upstream-request.ts'

const SASL_HANDSHAKE = { apiKey: 17, apiVersion: 1 }
const SASL_AUTHENTICATE = { apiKey: 36, apiVersion: 1 }

/** What a broker said of a sign-in. */
export interface UpstreamSignIn {
  /** After this many milliseconds the broker wants a new sign-in; 0 means never. */
  readonly sessionLifetimeMs: number
}

/**
 * Signs the gateway in to a broker on `upstream`, past its queue.
 *
 * @throws {UpstreamSignInError} `ERR_GATEWAY_UPSTREAM_SIGN_IN` when the broker refuses the credential.
 */
export async function signInUpstream(
  upstream: Upstream,
  credential: UpstreamSasl,
  cache: SaltedPasswordCache,
  clientId: string,
): Promise<UpstreamSignIn> {
  await handshake(upstream, credential.mechanism, clientId)
  if (credential.mechanism === 'PLAIN') {
    const message = Buffer.from(`\0${credential.username}\0${credential.password.reveal()}`, 'utf8')
    const answer = await authenticate(upstream, message, clientId)
    return { sessionLifetimeMs: Number(answer.sessionLifetimeMs) }
  }
  const exchange = new ScramExchange(credential.mechanism, credential.username, credential.password, cache)
  const first = await authenticate(upstream, exchange.first(), clientId)
  const final = await authenticate(upstream, await exchange.final(first.authBytes), clientId)
  exchange.verify(final.authBytes)
  return { sessionLifetimeMs: Number(final.sessionLifetimeMs) }
}

async function handshake(upstream: Upstream, mechanism: string, clientId: string): Promise<void> {
  const body = { ...defaultSaslHandshakeRequest(), mechanism }
  const answer = await requestUpstream<SaslHandshakeResponse>(upstream, { ...SASL_HANDSHAKE, clientId, body }, true)
  if (answer.errorCode === 0) return
  throw new UpstreamSignInError({
    message: `upstream sign-in: the broker does not offer \`${mechanism}\`; it offers ${answer.mechanisms.join(', ')}`,
    details: { errorCode: answer.errorCode },
  })
}

async function authenticate(
  upstream: Upstream,
  authBytes: Buffer,
  clientId: string,
): Promise<SaslAuthenticateResponse> {
  const body = { ...defaultSaslAuthenticateRequest(), authBytes }
  const answer = await requestUpstream<SaslAuthenticateResponse>(
    upstream,
    { ...SASL_AUTHENTICATE, clientId, body },
    true,
  )
  if (answer.errorCode === 0) return answer
  throw new UpstreamSignInError({
    message: 'upstream sign-in: the broker refused the credential',
    details: { errorCode: answer.errorCode },
  })
}
