import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'

/** What signs bundles: a private Ed25519 key and its name. */
export interface BundleSigningKey {
  /** Prints as an opaque object. */
  readonly privateKey: KeyObject
  /** The RFC 7638 SHA-256 thumbprint of the public key. */
  readonly thumbprint: string
}

/** The public half of a bundle key, as a gateway serves it. */
export interface BundlePublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
  readonly kid: string
  readonly alg: 'Ed25519'
  readonly use: 'sig'
}

/** A key pair for bundles. */
export interface BundleKey extends BundleSigningKey {
  readonly publicJwk: BundlePublicJwk
}

/** The one algorithm of bundles, by its fully specified name (RFC 9864). */
export const BUNDLE_ALGORITHM = 'Ed25519'

/** Makes a new key for bundles. It is trusted by whoever is configured with its thumbprint, and by nobody else. */
export async function createBundleKey(): Promise<BundleKey> {
  const { privateKey } = generateKeyPairSync('ed25519')
  return describeBundleKey(privateKey)
}

/** Gives a private Ed25519 key its name and its public half. */
export async function describeBundleKey(privateKey: KeyObject): Promise<BundleKey> {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const thumbprint = await bundleKeyThumbprint(x)
  return Object.freeze({
    privateKey,
    thumbprint,
    publicJwk: Object.freeze({
      ...okp(x),
      kid: thumbprint,
      alg: BUNDLE_ALGORITHM,
      use: 'sig' as const,
    }),
  })
}

/** The RFC 7638 thumbprint of an Ed25519 key with this `x`. */
export function bundleKeyThumbprint(x: string): Promise<string> {
  return calculateJwkThumbprint(okp(x), 'sha256')
}

/** A key as a server hands it out (RFC 7517): nothing of it is believed before its thumbprint is. */
export interface ServedKey {
  readonly kty?: string | undefined
  readonly crv?: string | undefined
  readonly x?: string | undefined
  /** Said, never believed: the thumbprint is computed anew. */
  readonly kid?: string | undefined
}

/** An Ed25519 key and nothing else. */
export interface OkpKey {
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
}

/** Takes nothing but the point from a served key: none of its other members is believed. */
export function bundlePublicKey(jwk: ServedKey): OkpKey | undefined {
  return jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && typeof jwk.x === 'string' ? okp(jwk.x) : undefined
}

function okp(x: string): OkpKey {
  return { kty: 'OKP', crv: 'Ed25519', x }
}
