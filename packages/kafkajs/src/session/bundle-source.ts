import type { Clock } from '@headgate/core'
import {
  BundleError,
  type BundleExpectation,
  BundleKeyError,
  type HighWaterMark,
  prepareVerification,
  type VerifiedBundle,
  verifyBundle,
} from '@headgate/policy'
import { HeadgateBundleRefusedError } from '../errors.ts'
import { ask } from '../http/failure.ts'
import type { HttpResponse } from '../http/http-client.ts'
import { parseJsonObject, printable, textMember } from '../http/json.ts'
import type { BundleNews } from './bundle-push.ts'
import type { GatewayLink } from './gateway-link.ts'
import { readTokenClaims } from './token-claims.ts'
import type { GatewayToken } from './token-exchange.ts'

type ServedKeys = BundleExpectation['keys']

const OPERATOR = 'whoever runs the gateway should look at once'

// Long enough that an idle client costs little, and no longer than what stands between is likely to leave a connection alone.
const WAIT_SECONDS = 55
const ANSWER_GRACE_MS = 10_000
const ASK_STEP = 'headgate-asks'

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
  /** What the gateway said last of this client's asks. */
  #askStep: string | undefined

  constructor(link: GatewayLink, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /**
   * Has ready what a first bundle is verified with, while the identity is asked for: keys and code. What cannot be had is had with the
   * bundle.
   */
  async prepare(): Promise<void> {
    if (this.#keys.length > 0) return
    const keys = this.#fetchKeys().catch(() => [])
    await prepareVerification()
    this.#keys = await keys
  }

  /**
   * Gives the bundle that the gateway has now; nothing when it is the one that was given last.
   *
   * @param mark what is in force: nothing older is accepted
   * @throws HeadgateBundleRefusedError `ERR_KAFKAJS_BUNDLE_REFUSED`
   * @throws HeadgateGatewayUnreachableError `ERR_KAFKAJS_GATEWAY_UNREACHABLE`
   */
  async fetch(mark: HighWaterMark | undefined): Promise<VerifiedBundle | undefined> {
    return this.#open(await this.#request((token) => this.#get(token)), () => mark)
  }

  /**
   * Waits at the gateway until there is another bundle, or one of this client's asks took a step, or a minute has gone by.
   *
   * @param mark gives what is in force when the answer is there
   * @throws as {@link BundleSource.fetch}
   */
  async wait(mark: () => HighWaterMark | undefined, signal: AbortSignal): Promise<BundleNews> {
    const before = this.#askStep
    const answer = await this.#request((token) => this.#get(token, signal))
    const { headers } = answer.response
    const bundle = await this.#open(answer, mark)
    const step = headers[ASK_STEP]
    if (typeof step === 'string') this.#askStep = step
    return {
      bundle,
      hasAskStep: before !== undefined && this.#askStep !== before,
      hasWaited: `${headers['preference-applied']}`.includes('wait'),
    }
  }

  async #open(
    { token, response }: { readonly token: GatewayToken; readonly response: HttpResponse },
    mark: () => HighWaterMark | undefined,
  ): Promise<VerifiedBundle | undefined> {
    if (response.status === 304) return undefined
    if (response.status !== 200) throw unserved(response)
    const bundle = await this.#verify(response.body.toString('latin1'), token, mark())
    this.#etag = response.headers.etag
    return bundle
  }

  async #request(
    get: (token: GatewayToken) => Promise<HttpResponse>,
  ): Promise<{ readonly token: GatewayToken; readonly response: HttpResponse }> {
    const { tokens } = this.#link
    const token = await tokens.get()
    const response = await get(token)
    if (response.status !== 401) return { token, response }
    // The gateway no longer takes the kept token: a new one, once.
    tokens.forget(token)
    const next = await tokens.get()
    return { token: next, response: await get(next) }
  }

  /** Asks at once, or with a signal waits for an answer that says something new. */
  #get({ token }: GatewayToken, signal?: AbortSignal): Promise<HttpResponse> {
    const { http, waiting, metadata } = this.#link
    const headers = {
      authorization: `Bearer ${token.reveal()}`,
      accept: 'application/jose',
      ...(this.#etag !== undefined && { 'if-none-match': this.#etag }),
      ...(signal && { prefer: `wait=${WAIT_SECONDS}` }),
      ...(signal && this.#askStep !== undefined && { [ASK_STEP]: this.#askStep }),
    }
    const request = { method: 'GET', url: metadata.bundleEndpoint, headers } as const
    if (signal === undefined) return ask(http, 'gateway', request)
    return ask(waiting, 'gateway', { ...request, signal, timeoutMs: WAIT_SECONDS * 1000 + ANSWER_GRACE_MS })
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
