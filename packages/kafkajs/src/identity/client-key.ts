import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { HeadgateConfigurationError, HeadgateIdentityUnavailableError } from '../errors.ts'
import { parseJsonObject, textMember } from '../http/json.ts'

/** A private key that a client signs with, and how it is called. */
export interface ClientKey {
  readonly key: KeyObject
  readonly keyId: string | undefined
  /** The algorithm that the key itself names. */
  readonly algorithm: string | undefined
}

/** The algorithms of a kind of key (RFC 7518 section 3.1, RFC 8037, RFC 9864), the usual one first. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  rsa: ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'],
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
  ed25519: ['EdDSA', 'Ed25519'],
})

function unusable(reason: string): HeadgateConfigurationError {
  return new HeadgateConfigurationError({
    message: `the client's private key cannot be used: ${reason}: give a PEM or a JWK, as text or as a file's path, in privateKey or HEADGATE_CLIENT_PRIVATE_KEY`,
  })
}

async function readText(textOrPath: string): Promise<string> {
  const trimmed = textOrPath.trim()
  if (trimmed.startsWith('{') || trimmed.includes('-----BEGIN')) return trimmed
  return readFile(trimmed, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const message = `the key file \`${trimmed}\` cannot be read (${error.code ?? 'unreadable'})`
    throw new HeadgateIdentityUnavailableError({ message, details: { path: trimmed } })
  })
}

function parseKey(text: string): ClientKey {
  try {
    if (!text.trim().startsWith('{')) return { key: createPrivateKey(text), keyId: undefined, algorithm: undefined }
    const jwk = parseJsonObject(Buffer.from(text))
    if (jwk === undefined) throw unusable('it is no JWK')
    const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    return { key, keyId: textMember(jwk, 'kid'), algorithm: textMember(jwk, 'alg') }
  } catch {
    // Node's message may quote the key.
    throw unusable('it is no private key without a passphrase')
  }
}

/**
 * Reads a client's private key: PEM or JWK, from text or from the file of that name.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`; the text is not repeated
 * @throws HeadgateIdentityUnavailableError `ERR_KAFKAJS_IDENTITY_UNAVAILABLE` when the file cannot be read
 */
export async function readClientKey(textOrPath: string): Promise<ClientKey> {
  const read = parseKey(await readText(textOrPath))
  algorithmsOf(read.key)
  return read
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const kind = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : key.asymmetricKeyType
  const algorithms = Object.hasOwn(ALGORITHMS, kind ?? '') ? ALGORITHMS[kind ?? ''] : undefined
  if (algorithms === undefined) throw unusable('it is neither RSA, nor P-256, P-384 or P-521, nor Ed25519')
  return algorithms
}

/**
 * Chooses the algorithm: the key's own, else the first usual one that the provider supports.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when the provider supports none of the key's
 */
export function chooseAlgorithm({ key, algorithm }: ClientKey, supported: readonly unknown[] | undefined): string {
  const possible = algorithmsOf(key).filter((name) => algorithm === undefined || name === algorithm)
  const chosen = possible.find((name) => supported === undefined || supported.includes(name))
  if (chosen === undefined) throw unusable('the provider supports none of its algorithms')
  return chosen
}

/** Signs with a JOSE algorithm that fits the key (RFC 7518 section 3). */
export function signWith(key: KeyObject, algorithm: string, data: string): string {
  const bits = /\d{3}$/.exec(algorithm)?.[0]
  const hash = key.asymmetricKeyType === 'ed25519' ? null : `sha${bits}`
  const padding = algorithm.startsWith('PS') ? { padding: RSA_PSS, saltLength: Number(bits) / 8 } : {}
  return sign(hash, Buffer.from(data), { key, dsaEncoding: 'ieee-p1363', ...padding }).toString('base64url')
}

/** `RSA_PKCS1_PSS_PADDING` of OpenSSL. */
const RSA_PSS = 6
