import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '@headgate/core'
import { HeadgateIdentityUnavailableError } from '../errors.ts'
import { chooseAlgorithm, readClientKey, signWith } from './client-key.ts'

/** What a client assertion must say (RFC 7523 section 3), for code that signs one itself. */
export interface ClientAssertionRequest {
  /** For `iss` and `sub`. */
  readonly clientId: string
  /** For `aud`: the provider's issuer, and no other value. */
  readonly audience: string
  /** The `token_endpoint_auth_signing_alg_values_supported` of the provider, where it tells. */
  readonly algorithms: readonly string[] | undefined
}

/** How a client proves who it is without a secret (`private_key_jwt`). One of the three is given. */
export interface ClientAssertionOptions {
  /**
   * The client's private key, as text or as a file's path: PEM, or a JWK that may name its `kid` and `alg`. A file is read anew for
   * each token.
   */
  readonly privateKey?: string
  /** The key's id at the provider, where the key itself does not name it. */
  readonly privateKeyId?: string
  /** Gives a signed assertion, for keys that never leave where they are. */
  readonly clientAssertion?: (request: ClientAssertionRequest) => string | Promise<string>
  /** A file that the platform writes an assertion into, such as a Kubernetes projected token; read anew for each token. */
  readonly clientAssertionFile?: string
}

/** RFC 7523 section 2.2. */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const LIFETIME_SECONDS = 60

/** Tells whether a client proves who it is by an assertion. */
export function usesAssertion(options: ClientAssertionOptions): boolean {
  const { privateKey, clientAssertion, clientAssertionFile } = options
  return [privateKey, clientAssertion, clientAssertionFile].some((given) => given !== undefined)
}

/**
 * Makes the assertion for one token request.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 * @throws HeadgateIdentityUnavailableError `ERR_KAFKAJS_IDENTITY_UNAVAILABLE`
 */
export async function createClientAssertion(
  options: ClientAssertionOptions,
  request: ClientAssertionRequest,
  clock: Clock,
): Promise<string> {
  const { privateKey, clientAssertion, clientAssertionFile } = options
  if (clientAssertion !== undefined) return callAssertion(clientAssertion, request)
  if (clientAssertionFile !== undefined) return readAssertion(clientAssertionFile)
  return signAssertion(privateKey ?? '', options.privateKeyId, request, clock)
}

async function signAssertion(
  privateKey: string,
  privateKeyId: string | undefined,
  { clientId, audience, algorithms }: ClientAssertionRequest,
  clock: Clock,
): Promise<string> {
  const clientKey = await readClientKey(privateKey)
  const alg = chooseAlgorithm(clientKey, algorithms)
  const kid = privateKeyId ?? clientKey.keyId
  const iat = Math.floor(clock.nowUnixMs() / 1_000)
  const header = { alg, typ: 'JWT', ...(kid === undefined ? {} : { kid }) }
  const exp = iat + LIFETIME_SECONDS
  const claims = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat, exp }
  const [head, body] = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signed = `${head}.${body}`
  return `${signed}.${signWith(clientKey.key, alg, signed)}`
}

async function callAssertion(
  callback: (request: ClientAssertionRequest) => string | Promise<string>,
  request: ClientAssertionRequest,
): Promise<string> {
  const assertion: unknown = await Promise.resolve(request)
    .then(callback)
    .catch((cause: unknown) => {
      throw new HeadgateIdentityUnavailableError({ message: 'clientAssertion failed: see the cause', cause })
    })
  if (typeof assertion === 'string' && assertion !== '') return assertion
  throw new HeadgateIdentityUnavailableError({
    message: 'clientAssertion gave no assertion: it must give a signed JWT',
  })
}

async function readAssertion(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error.code ?? 'unreadable')
  })
  if (text.trim() === '') throw unreadable(path, 'empty')
  return text.trim()
}

function unreadable(path: string, reason: string): HeadgateIdentityUnavailableError {
  return new HeadgateIdentityUnavailableError({
    message: `the assertion file \`${path}\` gives no assertion (${reason}): check HEADGATE_CLIENT_ASSERTION_FILE and that the platform writes it`,
    details: { path, reason },
  })
}
