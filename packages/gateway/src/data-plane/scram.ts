import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Secret } from '@headgate/core'
import { UpstreamSignInError } from './errors.ts'

const pbkdf2Async = promisify(pbkdf2)

/** The digest behind each SCRAM mechanism of Kafka. */
const SCRAM_DIGESTS = Object.freeze({
  __proto__: null,
  'SCRAM-SHA-256': { algorithm: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { algorithm: 'sha512', bytes: 64 },
} as const)

/** A SCRAM mechanism that Kafka brokers offer, as Kafka spells it. */
export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

const MIN_ITERATIONS = 4096
const MAX_ITERATIONS = 1_000_000
const MAX_CACHED_KEYS = 256
const NONCE_BYTES = 24

/**
 * Salted passwords by (mechanism, user, salt, iterations), so that a thousand upstream connections derive a key once.
 *
 * Holds derived keys, never the password; bounded, oldest out.
 */
export class SaltedPasswordCache {
  readonly #entries = new Map<string, Promise<Buffer>>()

  /** Gives the salted password, deriving it when it is not cached. */
  derive(
    mechanism: ScramMechanism,
    username: string,
    password: Secret<string>,
    salt: Buffer,
    iterations: number,
  ): Promise<Buffer> {
    const digest = SCRAM_DIGESTS[mechanism]
    const passwordTag = createHash('sha256').update(password.reveal()).digest('base64')
    const cacheKey = [mechanism, username, passwordTag, salt.toString('base64'), iterations].join('\n')
    const cached = this.#entries.get(cacheKey)
    if (cached !== undefined) return cached
    const derived = pbkdf2Async(password.reveal().normalize('NFKC'), salt, iterations, digest.bytes, digest.algorithm)
    this.#entries.set(cacheKey, derived)
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > MAX_CACHED_KEYS && oldest !== undefined) this.#entries.delete(oldest)
    return derived
  }
}

/**
 * The client's side of one SCRAM exchange (RFC 5802, without channel binding).
 *
 * Call `first`, then `final` with the server's first message, then `verify` with the server's final one.
 */
export class ScramExchange {
  readonly #mechanism: ScramMechanism
  readonly #username: string
  readonly #password: Secret<string>
  readonly #cache: SaltedPasswordCache
  readonly #nonce: string
  #serverSignature: Buffer | null = null

  /** `nonce` is new for each exchange; a test gives its own. */
  constructor(
    mechanism: ScramMechanism,
    username: string,
    password: Secret<string>,
    cache: SaltedPasswordCache,
    nonce: string = randomBytes(NONCE_BYTES).toString('base64url'),
  ) {
    this.#mechanism = mechanism
    this.#username = username
    this.#password = password
    this.#cache = cache
    this.#nonce = nonce
  }

  /** Gives the client-first message. */
  first(): Buffer {
    return Buffer.from(`n,,${this.#firstBare()}`, 'utf8')
  }

  /**
   * Gives the client-final message.
   *
   * @throws {UpstreamSignInError} `ERR_GATEWAY_UPSTREAM_SIGN_IN` when the server's message breaks the protocol.
   */
  async final(serverFirst: Buffer): Promise<Buffer> {
    const text = serverFirst.toString('utf8')
    const attributes = parseAttributes(text)
    const nonce = attributes.get('r') ?? ''
    const iterations = Number(attributes.get('i'))
    const salt = Buffer.from(attributes.get('s') ?? '', 'base64')
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw scramError('the nonce is not an extension of ours')
    if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
      throw scramError('the iteration count is out of range')
    const { algorithm } = SCRAM_DIGESTS[this.#mechanism]
    const salted = await this.#cache.derive(this.#mechanism, this.#username, this.#password, salt, iterations)
    const hmac = (key: Buffer, data: string): Buffer => createHmac(algorithm, key).update(data).digest()
    const clientKey = hmac(salted, 'Client Key')
    const storedKey = createHash(algorithm).update(clientKey).digest()
    const withoutProof = `c=biws,r=${nonce}`
    const authMessage = `${this.#firstBare()},${text},${withoutProof}`
    const clientSignature = hmac(storedKey, authMessage)
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0)))
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authMessage)
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`, 'utf8')
  }

  /**
   * Checks that the server knows the password too.
   *
   * @throws {UpstreamSignInError} `ERR_GATEWAY_UPSTREAM_SIGN_IN` when it does not, or when it refused ours.
   */
  verify(serverFinal: Buffer): void {
    const signature = Buffer.from(parseAttributes(serverFinal.toString('utf8')).get('v') ?? '', 'base64')
    const expected = this.#serverSignature
    if (expected === null || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw scramError('the server did not prove that it knows the password')
    }
  }

  #firstBare(): string {
    return `n=${this.#username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${this.#nonce}`
  }
}

function parseAttributes(text: string): Map<string, string> {
  return new Map(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)] as const))
}

function scramError(what: string): UpstreamSignInError {
  return new UpstreamSignInError({ message: `upstream sign-in: scram: ${what}` })
}
