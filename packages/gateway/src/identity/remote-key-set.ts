import type { Clock, LogPort } from '@headgate/core'
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import { IssuerUnavailableError } from './identity-errors.ts'
import type { OutboundFetch } from './outbound-fetch.ts'
import { RefreshedValue } from './refreshed-value.ts'

/** Finds the key that a token is signed with, by what its header says. */
export type KeyFinder = (header: {
  readonly algorithm: string
  readonly keyId: string | undefined
}) => Promise<CryptoKey>

/** How the keys of an issuer are found. */
export interface RemoteKeySetOptions {
  /** The name the config gives the issuer. */
  readonly issuerName: string
  /** The `use` that a key must say; one that says nothing will do for `sig`. */
  readonly keyUse: 'sig' | 'jwt-svid'
  /** How long known keys go on when the issuer cannot be asked. */
  readonly maxStaleMs: number
  readonly locate: () => Promise<string>
  readonly fetch: OutboundFetch
  readonly clock: Clock
  readonly log: LogPort
}

const MINUTE_MS = 60_000
const FRESH_MS = 10 * MINUTE_MS
const PAUSE_MS = 30_000
const MAX_KEYS = 100
// 8,192 bits of an RSA modulus in base64url: beyond, one signature check takes too long.
const MAX_MEMBER_LENGTH = 1_366
// Members of private and of symmetric keys: RFC 7518 section 6, RFC 9964.
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function assertPublicKeys(value: unknown): asserts value is JSONWebKeySet {
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new TypeError(`a key set holds up to ${MAX_KEYS} keys`)
  for (const key of keys) {
    const isObject = typeof key === 'object' && key !== null
    // An issuer that publishes private keys can be spoken for by anybody.
    if (!isObject || PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member))) {
      throw new TypeError('a key set holds public keys only')
    }
    const isLarge = ['n', 'e', 'x', 'y'].some((member) => String(key[member] ?? '').length > MAX_MEMBER_LENGTH)
    if (isLarge) throw new TypeError('a key set holds keys of sane size only')
  }
}

/** SPIFFE bundles say of each key what it is for in their own words (SPIFFE Trust Domain and Bundle, section 4.2.2). */
function keysForSignatures({ keys }: JSONWebKeySet, keyUse: 'sig' | 'jwt-svid'): JSONWebKeySet {
  if (keyUse === 'sig') return { keys }
  return { keys: keys.filter(({ use }) => use === keyUse).map((key) => ({ ...key, use: 'sig' })) }
}

async function fetchKeys({ locate, fetch, keyUse }: RemoteKeySetOptions): Promise<KeyFinder> {
  const response = await fetch(await locate(), { headers: { accept: 'application/jwk-set+json, application/json' } })
  if (response.status !== 200) throw new TypeError(`the key set was answered with status ${response.status}`)
  const value: unknown = JSON.parse(await response.text())
  assertPublicKeys(value)
  const keys = createLocalJWKSet(keysForSignatures(value, keyUse))
  return ({ algorithm, keyId }) => keys({ alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) })
}

function failure(options: RemoteKeySetOptions, cause: unknown): IssuerUnavailableError {
  const error = new IssuerUnavailableError(options.issuerName, cause)
  // Discovery fails with a refusal of its own, which says nothing of why.
  const source = cause instanceof IssuerUnavailableError ? cause.cause : cause
  const reason = source instanceof SyntaxError ? 'the answer is no JSON' : source instanceof Error ? source.message : ''
  options.log.warn({ event: 'issuer-keys', issuer: options.issuerName, code: error.code, reason }, 'keys not fetched')
  return error
}

/**
 * Creates the key look-up of an issuer.
 *
 * Keys are kept for ten minutes, and as long as the config says when the issuer cannot be asked. An unknown key id makes at most one
 * fetch in thirty seconds, and so does a failing issuer. Throws {@link IssuerUnavailableError} when there are no keys.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): KeyFinder {
  const load = (): Promise<KeyFinder> =>
    fetchKeys(options).catch((cause: unknown) => {
      throw failure(options, cause)
    })
  const { clock, maxStaleMs } = options
  const keys = new RefreshedValue({ load, clock, freshMs: FRESH_MS, staleMs: maxStaleMs, pauseMs: PAUSE_MS })
  return async (header) => {
    const known = await keys.get()
    try {
      return await known(header)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
    const renewed = await keys.renew()
    return renewed(header)
  }
}
