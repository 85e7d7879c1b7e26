import { createHash, createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** What a key file is for; each kind is one algorithm and nothing else. */
export type SigningKeyKind = 'token' | 'bundle' | 'audit'

/** The public half of a signing key, as it is served in a JWKS. */
export interface PublicSigningJwk {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly y?: string
  readonly kid: string
  readonly alg: string
  readonly use: 'sig'
}

/** A private key with its identity. `privateKey` prints as an opaque object. */
export interface SigningKey {
  readonly kind: SigningKeyKind
  readonly algorithm: 'ES256' | 'Ed25519'
  /** RFC 7638 SHA-256 thumbprint; also the `kid`. */
  readonly thumbprint: string
  readonly privateKey: KeyObject
  readonly publicJwk: PublicSigningJwk
}

interface KeyShape {
  readonly kty: string
  readonly crv: string
  readonly algorithm: SigningKey['algorithm']
  readonly words: string
}

const SHAPES: Readonly<Record<SigningKeyKind, KeyShape>> = Object.freeze({
  token: { kty: 'EC', crv: 'P-256', algorithm: 'ES256', words: 'an EC P-256' },
  bundle: { kty: 'OKP', crv: 'Ed25519', algorithm: 'Ed25519', words: 'an Ed25519' },
  audit: { kty: 'OKP', crv: 'Ed25519', algorithm: 'Ed25519', words: 'an Ed25519' },
})

/** The outcome of reading a key: the key, or why it is none, in words that quote nothing of the file. */
export type SigningKeyResult =
  | { readonly ok: true; readonly key: SigningKey }
  | { readonly ok: false; readonly reason: string }

function refused(reason: string): SigningKeyResult {
  return { ok: false, reason }
}

function parseJwk(text: string): JsonWebKey | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonWebKey) : undefined
  } catch {
    // V8's message quotes the input, which is a private key.
    return undefined
  }
}

/** Gives the RFC 7638 SHA-256 thumbprint of an EC or OKP key. */
function signingKeyThumbprint(jwk: { kty: string; crv: string; x: string; y?: string }): string {
  // INVARIANT: the required members only, in lexicographic order, without white space (RFC 7638 section 3.2).
  const { crv, kty, x, y } = jwk
  const canonical = JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y })
  return createHash('sha256').update(canonical).digest('base64url')
}

/** Describes a private key as a signing key of the kind; the key must be of the kind's type. */
export function describeSigningKey(kind: SigningKeyKind, privateKey: KeyObject): SigningKey {
  const { algorithm } = SHAPES[kind]
  const { kty = '', crv = '', x = '', y } = privateKey.export({ format: 'jwk' })
  const point = y === undefined ? { kty, crv, x } : { kty, crv, x, y }
  const thumbprint = signingKeyThumbprint(point)
  const publicJwk = Object.freeze({ ...point, kid: thumbprint, alg: algorithm, use: 'sig' as const })
  return Object.freeze({ kind, algorithm, thumbprint, privateKey, publicJwk })
}

/** Reads a private JWK of the kind asked for; a key of another kind is refused. */
export function parseSigningKey(kind: SigningKeyKind, text: string): SigningKeyResult {
  const shape = SHAPES[kind]
  const jwk = parseJwk(text)
  if (jwk === undefined) return refused('it is not a JSON Web Key')
  if (jwk.kty !== shape.kty || jwk.crv !== shape.crv) return refused(`it is not ${shape.words} key`)
  if (typeof jwk.d !== 'string') return refused('it has no private part')
  if (typeof jwk['alg'] === 'string' && jwk['alg'] !== shape.algorithm) return refused('its `alg` is another')
  try {
    return { ok: true, key: describeSigningKey(kind, createPrivateKey({ key: jwk, format: 'jwk' })) }
  } catch {
    return refused('its values are not those of a key')
  }
}
