import { principalKinds } from '@headgate/policy'
import type { ConfigReader } from './config-reader.ts'
import type { ClientCredentialsConfig, IssuerConfig, LoginConfig, TokenAlgorithm, TokenType } from './gateway-config.ts'
import { readCertificate } from './tls-section.ts'
import { isLoopbackHost, readOptionalUrl, readUrl } from './url-value.ts'

const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'Ed25519',
  'EdDSA',
] as const satisfies readonly TokenAlgorithm[]
const TOKEN_TYPES = ['at+jwt', 'JWT'] as const satisfies readonly TokenType[]
const DAY_SECONDS = 86_400
const MINUTE_SECONDS = 60
const CLAIM_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/
const ISSUER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

function readName(reader: ConfigReader): string {
  const name = reader.text('name')
  if (name !== '' && !ISSUER_NAME.test(name)) {
    const mend = 'use up to 63 letters, digits, `.`, `_` and `-`'
    reader.add(
      'ERR_GATEWAY_CONFIG_NAME_INVALID',
      `\`${reader.nameOf('name')}\` is no name`,
      mend,
      reader.offsetOf('name'),
    )
  }
  return name
}

function readAlgorithms(reader: ConfigReader): readonly TokenAlgorithm[] {
  const words = reader.texts('algorithms')
  return words.flatMap((word) => reader.oneOf('algorithms', word, ALGORITHMS) ?? [])
}

function readClientCredentials(reader: ConfigReader): ClientCredentialsConfig | undefined {
  const section = reader.optionalSection('clientCredentials')
  if (section === undefined) return undefined
  const scope = section.optionalText('scope')?.value
  const resource = section.optionalText('resource')?.value
  section.close()
  return { scope, resource }
}

const DEFAULT_SCOPES = ['openid', 'offline_access']

function readLogin(reader: ConfigReader): LoginConfig | undefined {
  const section = reader.optionalSection('login')
  if (section === undefined) return undefined
  const clientId = section.text('clientId')
  const scopes = section.has('scopes') ? section.texts('scopes').map(({ value }) => value) : DEFAULT_SCOPES
  const resource = section.optionalText('resource')?.value
  section.close()
  return { clientId, scopes, resource }
}

function isLoopbackUrl(text: string): boolean {
  return isLoopbackHost(URL.parse(text)?.hostname ?? '')
}

/** What policies call a claim is an id of theirs; what the issuer calls it is opaque. */
function readClaims(reader: ConfigReader): Readonly<Record<string, string>> {
  const entries = reader.textsByName('claims')
  for (const [name, { offset }] of entries) {
    if (CLAIM_NAME.test(name)) continue
    const mend = 'use up to 100 letters, digits, `.`, `_` and `-`, a letter or digit first'
    reader.add(
      'ERR_GATEWAY_CONFIG_NAME_INVALID',
      `\`${reader.nameOf('claims')}\` has a name that rules cannot write`,
      mend,
      offset,
    )
  }
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
}

/** Reads one member of `issuers:`. */
export function readIssuer(reader: ConfigReader): IssuerConfig {
  const isInsecure = reader.flag('insecure')
  const url = { isPlaintextAllowed: isInsecure }
  const issuer = readUrl(reader, 'issuer', url)
  const config: IssuerConfig = {
    name: readName(reader),
    issuer,
    audiences: reader.texts('audiences').map(({ value }) => value),
    algorithms: readAlgorithms(reader),
    tokenType: reader.word('tokenType', TOKEN_TYPES) ?? 'at+jwt',
    groupsClaim: reader.optionalText('groupsClaim')?.value,
    kind: reader.word('kind', principalKinds),
    claims: readClaims(reader),
    caPem: readCertificate(reader, 'ca'),
    jwksUri: readOptionalUrl(reader, 'jwksUri', url),
    clientCredentials: readClientCredentials(reader),
    login: readLogin(reader),
    maxTokenLifetimeSeconds: reader.integer('maxTokenLifetimeSeconds', {
      min: MINUTE_SECONDS,
      max: 7 * DAY_SECONDS,
      fallback: DAY_SECONDS,
    }),
    isPlaintextAllowed: isInsecure || isLoopbackUrl(issuer),
  }
  reader.close()
  return config
}

function checkUnique(readers: readonly ConfigReader[], issuers: readonly IssuerConfig[], key: 'name' | 'issuer'): void {
  const seen = new Set<string>()
  for (const [index, issuer] of issuers.entries()) {
    const value = issuer[key]
    const reader = readers[index]
    if (value !== '' && seen.has(value)) {
      reader?.add(
        'ERR_GATEWAY_CONFIG_DUPLICATE',
        `\`${value}\` stands here twice`,
        'keep one of the two',
        reader.offsetOf(key),
      )
    }
    seen.add(value)
  }
}

/** Says what cannot be between issuers: equal names or addresses, two that take secrets, one that is the gateway. */
export function checkIssuers(
  readers: readonly ConfigReader[],
  issuers: readonly IssuerConfig[],
  publicUrl: string,
): void {
  checkUnique(readers, issuers, 'name')
  checkUnique(readers, issuers, 'issuer')
  const exchanging = readers.filter((_, index) => issuers[index]?.clientCredentials !== undefined)
  for (const reader of exchanging.slice(1)) {
    // A secret must not be shown to an issuer that it was not made for.
    const at = reader.offsetOf('clientCredentials')
    reader.add('ERR_GATEWAY_CONFIG_CONFLICT', 'a second issuer has `clientCredentials`', 'keep them at one issuer', at)
  }
  for (const [index, { issuer }] of issuers.entries()) {
    const reader = readers[index]
    if (issuer !== '' && issuer === publicUrl) {
      reader?.add(
        'ERR_GATEWAY_CONFIG_CONFLICT',
        'the issuer is the gateway itself',
        'name the identity provider',
        reader.offsetOf('issuer'),
      )
    }
  }
}
