import { generateKeyPairSync } from 'node:crypto'
import type { ConfigReader } from './config-reader.ts'
import type { BundlesConfig, CertificateBoundConfig, RevokerConfig, ServerTls, TokensConfig } from './gateway-config.ts'
import { readSecret } from './secret-value.ts'
import { describeSigningKey, parseSigningKey, type SigningKey, type SigningKeyKind } from './signing-key.ts'

const MAX_TOKEN_SECONDS = 300
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

function standIn(kind: SigningKeyKind): SigningKey {
  return describeSigningKey(kind, generateKeyPairSync('ed25519').privateKey)
}

/** Reads a private key of one kind; a problem gives a stand-in, so that all problems are told at once. */
export function readKey(reader: ConfigReader, key: string, kind: SigningKeyKind): SigningKey {
  const secret = readSecret(reader, key)
  if (secret === undefined || secret.value.reveal() === '') return standIn(kind)
  const result = parseSigningKey(kind, secret.value.reveal())
  if (result.ok) return result.key
  const mend = `make one: headgate keys create --type ${kind} --out <file>`
  reader.add(
    'ERR_GATEWAY_CONFIG_KEY_INVALID',
    `\`${secret.origin}\` holds no ${kind} key: ${result.reason}`,
    mend,
    secret.offset,
  )
  return standIn(kind)
}

function readOptionalKey(reader: ConfigReader, key: string, kind: SigningKeyKind): SigningKey | undefined {
  return reader.has(key) ? readKey(reader, key, kind) : undefined
}

function readOtherKeys(reader: ConfigReader, kind: SigningKeyKind): Pick<TokensConfig, 'nextKey' | 'previousKey'> {
  return {
    nextKey: readOptionalKey(reader, 'nextKey', kind),
    previousKey: readOptionalKey(reader, 'previousKey', kind),
  }
}

function readRevoker(reader: ConfigReader, issuerNames: readonly string[]): RevokerConfig {
  const issuer = readIssuerName(reader, 'issuer', issuerNames)
  const group = reader.text('group')
  reader.close()
  return { issuer, group }
}

/** Reads the name of an issuer that the config has. */
function readIssuerName(reader: ConfigReader, key: string, issuerNames: readonly string[]): string {
  const name = reader.text(key)
  if (name !== '' && !issuerNames.includes(name)) {
    const message = `issuer \`${name}\` is not configured`
    reader.add('ERR_GATEWAY_CONFIG_ISSUER_UNKNOWN', message, 'name one of `issuers`', reader.offsetOf(key))
  }
  return name
}

function readCertificateBound(reader: ConfigReader, issuerNames: readonly string[]): CertificateBoundConfig {
  const issuer = readIssuerName(reader, 'issuer', issuerNames)
  const clientId = reader.optionalText('clientId')?.value
  reader.close()
  return { issuer, clientId }
}

/** Says where a token could be bound to a certificate that nobody is asked for. */
export function checkCertificateBound(
  reader: ConfigReader,
  { certificateBound }: TokensConfig,
  listeners: readonly { readonly tls: ServerTls | undefined }[],
): void {
  if (certificateBound.length === 0 || listeners.every(({ tls }) => tls?.clientCaPem !== undefined)) return
  const message = '`tokens.certificateBound` wants certificates that clients are not asked for'
  const mend = 'add `clientCa:` to `tls` of `listener` and of `http`'
  reader.add('ERR_GATEWAY_CONFIG_CONFLICT', message, mend, reader.offsetOf('certificateBound'))
}

function readIssuerNames(reader: ConfigReader, key: string, issuerNames: readonly string[]): readonly string[] {
  if (!reader.has(key)) return []
  const names = reader.texts(key)
  for (const { value, offset } of names.filter((name) => !issuerNames.includes(name.value))) {
    const message = `issuer \`${value}\` is not configured`
    reader.add('ERR_GATEWAY_CONFIG_ISSUER_UNKNOWN', message, 'name one of `issuers`', offset)
  }
  return names.map(({ value }) => value)
}

/** Reads `tokens:`. */
export function readTokens(reader: ConfigReader, issuerNames: readonly string[]): TokensConfig {
  const lifetimeSeconds = reader.integer('lifetimeSeconds', {
    min: 10,
    max: MAX_TOKEN_SECONDS,
    fallback: MAX_TOKEN_SECONDS,
  })
  const tokens = {
    lifetimeSeconds,
    signingKey: readKey(reader, 'signingKey', 'token'),
    ...readOtherKeys(reader, 'token'),
    revokers: reader.sections('revokers', { optional: true }).map((each) => readRevoker(each, issuerNames)),
    oneTimeIssuers: readIssuerNames(reader, 'oneTimeIssuers', issuerNames),
    certificateBound: reader
      .sections('certificateBound', { optional: true })
      .map((each) => readCertificateBound(each, issuerNames)),
  }
  reader.close()
  return tokens
}

function readNextThumbprint(reader: ConfigReader): string | undefined {
  const text = reader.optionalText('nextThumbprint')
  if (text !== undefined && text.value !== '' && !THUMBPRINT.test(text.value)) {
    const mend = 'write the 43 characters that `headgate keys create` printed'
    reader.add(
      'ERR_GATEWAY_CONFIG_KEY_INVALID',
      `\`${reader.nameOf('nextThumbprint')}\` is no thumbprint`,
      mend,
      text.offset,
    )
  }
  return text?.value
}

/** Reads `bundles:`. */
export function readBundles(reader: ConfigReader): BundlesConfig {
  const bundles: BundlesConfig = {
    currentKey: readKey(reader, 'currentKey', 'bundle'),
    ...readOtherKeys(reader, 'bundle'),
    nextThumbprint: readNextThumbprint(reader),
    lifetimeSeconds: reader.integer('lifetimeSeconds', { min: 30, max: 86_400, fallback: 900 }),
    refreshSeconds: reader.integer('refreshSeconds', { min: 1, max: 3_600, fallback: 60 }),
  }
  if (bundles.refreshSeconds >= bundles.lifetimeSeconds) {
    const at = reader.offsetOf('refreshSeconds')
    reader.add(
      'ERR_GATEWAY_CONFIG_OUT_OF_RANGE',
      'a bundle would end before it is refreshed',
      'refresh well before the end',
      at,
    )
  }
  reader.close()
  return bundles
}
