import { generateKeyPairSync } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { KeyFileExistsError, KeyFileUnwritableError } from '../errors.ts'
import { describeSigningKey, type SigningKey, type SigningKeyKind } from './signing-key.ts'

function generate(kind: SigningKeyKind): SigningKey {
  const { privateKey } =
    kind === 'token' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  return describeSigningKey(kind, privateKey)
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const cause = error as NodeJS.ErrnoException
    throw cause.code === 'EEXIST' ? new KeyFileExistsError(path, cause) : new KeyFileUnwritableError(path, cause)
  }
}

/**
 * Creates a signing key and writes it as a JWK to a new file that only its owner can read (0600).
 *
 * @throws {KeyFileExistsError} `ERR_GATEWAY_KEY_FILE_EXISTS`: an existing file is never overwritten.
 * @throws {KeyFileUnwritableError} `ERR_GATEWAY_KEY_FILE_UNWRITABLE` when the folder is missing or may not be written to.
 */
export function createKeyFile(kind: SigningKeyKind, path: string): SigningKey {
  const key = generate(kind)
  const jwk = { ...key.privateKey.export({ format: 'jwk' }), kid: key.thumbprint, alg: key.algorithm, use: 'sig' }
  const file = openNew(path)
  try {
    writeSync(file, `${JSON.stringify(jwk, null, 2)}\n`)
  } finally {
    closeSync(file)
  }
  return key
}
