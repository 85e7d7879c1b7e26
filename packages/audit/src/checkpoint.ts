import { createHash, createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto'
import { AuditKeyInvalidError } from './errors.ts'
import type { AuditCheckpoint } from './event.ts'

/** The Ed25519 key that checkpoints are signed with. */
export interface AuditSigningKey {
  /** RFC 7638 SHA-256 thumbprint. */
  readonly thumbprint: string
  readonly privateKey: KeyObject
}

/** A key that checkpoints are verified with. */
export interface AuditPublicKey {
  readonly thumbprint: string
  readonly publicKey: KeyObject
}

const PURPOSE = 'headgate-audit-checkpoint:1\n'
const SIGNED = /^(\{.*),"sig":"([A-Za-z0-9_-]{86})"\}$/s

/** Gives the public half of a signing key. */
export function auditPublicKeyOf({ thumbprint, privateKey }: AuditSigningKey): AuditPublicKey {
  return { thumbprint, publicKey: createPublicKey(privateKey) }
}

function describeKey(publicKey: KeyObject): AuditPublicKey {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('another kind of key')
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  // RFC 7638 section 3.2: the required members only, in lexicographic order.
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return { thumbprint, publicKey }
}

/**
 * Reads the public keys of a text: a JWK, a JWK set, or PEM. A private key gives its public half.
 *
 * @throws {AuditKeyInvalidError} `ERR_AUDIT_KEY_INVALID`
 */
export function parseAuditPublicKeys(text: string): readonly AuditPublicKey[] {
  try {
    if (text.trimStart().startsWith('-----BEGIN')) return [describeKey(createPublicKey(text))]
    const value = JSON.parse(text) as JsonWebKey & { keys?: JsonWebKey[] }
    return (value.keys ?? [value]).map(({ kty = '', crv = '', x = '' }) =>
      describeKey(createPublicKey({ key: { kty, crv, x }, format: 'jwk' })),
    )
  } catch {
    // The cause may quote the text, which may be a private key.
    throw new AuditKeyInvalidError({ message: 'key: neither a JWK, a JWK set nor PEM of an Ed25519 public key' })
  }
}

/** Writes the line of a checkpoint; the signature covers all of it but itself. */
export function signCheckpoint(fields: Omit<AuditCheckpoint, 'kid' | 'sig'>, key: AuditSigningKey): string {
  const text = JSON.stringify({ ...fields, kid: key.thumbprint }).slice(0, -1)
  const signature = sign(null, Buffer.from(PURPOSE + text), key.privateKey).toString('base64url')
  return `${text},"sig":"${signature}"}`
}

/** Whether the line of a checkpoint is as one of the keys signed it. */
export function isCheckpointSigned(line: string, kid: string, keys: readonly AuditPublicKey[]): boolean {
  const key = keys.find(({ thumbprint }) => thumbprint === kid)
  const [, text = '', written = ''] = SIGNED.exec(line) ?? []
  const signature = Buffer.from(written, 'base64url')
  // The last character of base64url has bits to spare: another one there would be another line with the same signature.
  if (key === undefined || signature.toString('base64url') !== written) return false
  return signature.length === 64 && verify(null, Buffer.from(PURPOSE + text), key.publicKey, signature)
}
