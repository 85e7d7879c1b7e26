import type { Clock } from '@headgate/core'
import {
  BundleError,
  type BundleExpectation,
  BundleKeyError,
  type HighWaterMark,
  type VerifiedBundle,
  verifyBundle,
} from '@headgate/policy'
import { HeadgateBundleRefusedError } from '../errors.ts'
import { ask } from '../http/failure.ts'
import type { HttpResponse } from '../http/http-client.ts'
import { parseJsonObject, printable, textMember } from '../http/json.ts'
import type { GatewayLink } from './gateway-link.ts'
import { readTokenClaims } from './token-claims.ts'
import type { GatewayToken } from './token-exchange.ts'

type ServedKeys = BundleExpectation['keys']

const OPERATOR = 'whoever runs the gateway should look at once'

/** What to do about a refused bundle, by the code of the refusal. */
const mends: Readonly<Record<string, string>> = Object.freeze({
  ERR_POLICY_BUNDLE_KEY:
    'give the thumbprint of the key that signs now in headgate.bundleKeys or HEADGATE_BUNDLE_KEYS, once whoever runs the gateway confirms it',
  ERR_POLICY_BUNDLE_NOT_UNDERSTOOD: 'update @headgate/kafkajs',
  ERR_POLICY_BUNDLE_EXPIRED: "set this machine's clock, or have whoever runs the gateway see why it signs no newer one",
})

/** Turns the refusal of a bundle into the error that tells what to do. */
export function refusal(error: BundleError): HeadgateBundleRefusedError {
  return new HeadgateBundleRefusedError({
    message: `the gateway's policy was refused: ${error.message}: ${mends[error.code] ?? OPERATOR}`,
    details: { ...error.details, reason: error.code },
    cause: error,
  })
}

function unserved(response: HttpResponse): HeadgateBundleRefusedError {
  const document = parseJsonObject(response.body)
  const title = printable(textMember(document, 'title')) || 'no reason given'
  const reason = printable(textMember(document, 'code')) || `HTTP ${response.status}`
  return new HeadgateBundleRefusedError({
    message: `the gateway gave no policy (${reason}): ${title}: ${OPERATOR}`,
    details: { status: response.status, reason },
  })
}

/** Fetches and verifies this client's policy bundle. */
export class BundleSource {
  readonly #link: GatewayLink
  readonly #clock: Clock
  #keys: ServedKeys = []
  #etag: string | undefined

  constructor(link: GatewayLink, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /**
   * Gives the bundle that the gateway has now; nothing when it is the one that was given last.
   *
   * @param mark what is in force: nothing older is accepted
   * @throws HeadgateBundleRefusedError `ERR_KAFKAJS_BUNDLE_REFUSED`
   * @throws HeadgateGatewayUnreachableError `ERR_KAFKAJS_GATEWAY_UNREACHABLE`
   */
  async fetch(mark: HighWaterMark | undefined): Promise<VerifiedBundle | undefined> {
    const { token, response } = await this.#request()
    if (response.status === 304) return undefined
    if (response.status !== 200) throw unserved(response)
    const bundle = await this.#verify(response.body.toString('latin1'), token, mark)
    this.#etag = response.headers.etag
    return bundle
  }

  async #request(): Promise<{ readonly token: GatewayToken; readonly response: HttpResponse }> {
    const { tokens } = this.#link
    const token = await tokens.get()
    const response = await this.#get(token)
    if (response.status !== 401) return { token, response }
    // The gateway no longer takes the kept token: a new one, once.
    tokens.forget()
    const next = await tokens.get()
    return { token: next, response: await this.#get(next) }
  }

  #get({ token }: GatewayToken): Promise<HttpResponse> {
    const headers = {
      authorization: `Bearer ${token.reveal()}`,
      accept: 'application/jose',
      ...(this.#etag !== undefined && { 'if-none-match': this.#etag }),
    }
    const { http, metadata } = this.#link
    return ask(http, 'gateway', { method: 'GET', url: metadata.bundleEndpoint, headers })
  }

  async #verify(jws: string, { token }: GatewayToken, mark: HighWaterMark | undefined): Promise<VerifiedBundle> {
    const { options, metadata } = this.#link
    const claims = readTokenClaims(token)
    const expectation = (): BundleExpectation => ({
      thumbprints: options.bundleKeys,
      keys: this.#keys,
      audience: claims.clientId ?? '',
      cluster: metadata.kafka.cluster,
      issuer: metadata.issuer,
      minimumRevision: claims.minimumRevision,
      highWaterMark: mark,
      nowUnixMs: this.#clock.nowUnixMs(),
    })
    const isKnown = this.#keys.length > 0
    if (!isKnown) this.#keys = await this.#fetchKeys()
    try {
      return await verifyBundle(jws, expectation())
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
      if (!isKnown || !(error instanceof BundleKeyError)) throw refusal(error)
    }
    // The gateway may have begun to sign with the next key.
    this.#keys = await this.#fetchKeys()
    return verifyBundle(jws, expectation()).catch((error: unknown) => {
      throw error instanceof BundleError ? refusal(error) : error
    })
  }

  async #fetchKeys(): Promise<ServedKeys> {
    const { http, metadata } = this.#link
    const response = await ask(http, 'gateway', { method: 'GET', url: metadata.bundleKeysUri })
    const keys = response.status === 200 ? parseJsonObject(response.body)?.['keys'] : undefined
    if (!Array.isArray(keys)) throw unserved(response)
    const isObject = (key: unknown): boolean => typeof key === 'object' && key !== null
    // Not trusted: verification takes the point of a key and compares its thumbprint with the configured ones.
    return keys.filter(isObject) as unknown as ServedKeys
  }
}
