import { principalKinds } from '@headgate/policy'
import type { ConfigReader } from './config-reader.ts'
import { readGroupMapping } from './group-mapping-section.ts'
import type {
  ClaimPath,
  ClientCredentialsConfig,
  IssuerConfig,
  IssuerReachConfig,
  IssuerType,
  LoginConfig,
  TokenAlgorithm,
  TokenType,
} from './issuer-config.ts'
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
const TYPES = ['oidc', 'kubernetes', 'spiffe'] as const satisfies readonly IssuerType[]
const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600
const MINUTE_SECONDS = 60
const CLAIM_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/
const HOST = /^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$/
const ISSUER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Reads the name that policies and principals use for an issuer of any kind. */
export function readIssuerLabel(reader: ConfigReader): string {
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

function isLoopbackUrl(text: string | undefined): boolean {
  return text !== undefined && isLoopbackHost(URL.parse(text)?.hostname ?? '')
}

function readHosts(reader: ConfigReader): readonly string[] {
  const hosts = reader.has('hosts') ? reader.texts('hosts') : []
  for (const { value, offset } of hosts) {
    if (HOST.test(value)) continue
    const mend = 'write a name such as `keys.example.com`, in small letters, without scheme and port'
    reader.add(
      'ERR_GATEWAY_CONFIG_ADDRESS_INVALID',
      `\`${reader.nameOf('hosts')}\` has a member that is no host`,
      mend,
      offset,
    )
  }
  return hosts.map(({ value }) => value)
}

/** What bounds the asking of an issuer. The keys of a trust domain are found at `jwksUri` and nowhere else. */
function readReach(reader: ConfigReader, issuer: string, type: IssuerType): IssuerReachConfig {
  const isInsecure = reader.flag('insecure')
  const url = { isPlaintextAllowed: isInsecure }
  const jwksUri = type === 'spiffe' ? readUrl(reader, 'jwksUri', url) : readOptionalUrl(reader, 'jwksUri', url)
  return {
    hosts: readHosts(reader),
    isPrivateNetworkAllowed: reader.flag('privateNetwork'),
    keysMaxStaleMs: reader.integer('keysMaxStaleSeconds', { min: 0, max: DAY_SECONDS, fallback: HOUR_SECONDS }) * 1_000,
    caPem: readCertificate(reader, 'ca'),
    jwksUri,
    isPlaintextAllowed: isInsecure || isLoopbackUrl(type === 'spiffe' ? jwksUri : issuer),
  }
}

function readClaimPath(reader: ConfigReader, key: string): ClaimPath | undefined {
  const [first, ...rest] = reader.textOrTexts(key)?.map(({ value }) => value) ?? []
  return first === undefined ? undefined : [first, ...rest]
}

function readRequiredClaims(reader: ConfigReader): ReadonlyMap<string, readonly string[]> {
  const members = reader.members('requiredClaims')
  return new Map(members.map(({ name, values }) => [name, values.map(({ value }) => value)]))
}

/** The SPIFFE id of a trust domain (SPIFFE-ID section 2.1). */
function readTrustDomain(reader: ConfigReader): string {
  const domain = reader.text('trustDomain')
  if (domain !== '' && !TRUST_DOMAIN.test(domain)) {
    const mend = 'write it without `spiffe://`, in small letters, digits, `.`, `-` and `_`'
    const at = reader.offsetOf('trustDomain')
    reader.add('ERR_GATEWAY_CONFIG_NAME_INVALID', `\`${reader.nameOf('trustDomain')}\` is no trust domain`, mend, at)
  }
  return domain === '' ? '' : `spiffe://${domain}`
}

function readIssuerText(reader: ConfigReader, type: IssuerType): string {
  return type === 'spiffe'
    ? readTrustDomain(reader)
    : readUrl(reader, 'issuer', { isPlaintextAllowed: reader.flag('insecure') })
}

type ProviderConfig = Pick<
  IssuerConfig,
  'tokenType' | 'clients' | 'idTokenClients' | 'subjectClaim' | 'groupsClaim' | 'clientCredentials' | 'login'
>

/** Neither Kubernetes nor SPIFFE has OAuth clients, and their subjects and groups stand where their own documents say. */
const WORKLOADS_ONLY: ProviderConfig = Object.freeze({
  tokenType: 'JWT',
  clients: undefined,
  idTokenClients: [],
  subjectClaim: ['sub'] as const,
  groupsClaim: undefined,
  clientCredentials: undefined,
  login: undefined,
})

function readIdTokenClients(reader: ConfigReader): readonly string[] {
  const section = reader.optionalSection('idTokens')
  if (section === undefined) return []
  const clients = section.texts('clients').map(({ value }) => value)
  section.close()
  return clients
}

function readProvider(reader: ConfigReader): ProviderConfig {
  return {
    tokenType: reader.word('tokenType', TOKEN_TYPES) ?? 'at+jwt',
    clients: reader.has('clients') ? reader.texts('clients').map(({ value }) => value) : undefined,
    idTokenClients: readIdTokenClients(reader),
    subjectClaim: readClaimPath(reader, 'subjectClaim') ?? ['sub'],
    groupsClaim: readClaimPath(reader, 'groupsClaim'),
    clientCredentials: readClientCredentials(reader),
    login: readLogin(reader),
  }
}

/** An ID token and an access token must be told apart by more than what their bearer says. */
function checkIdTokens(reader: ConfigReader, { idTokenClients, audiences, tokenType }: IssuerConfig): void {
  const both = idTokenClients.find((client) => tokenType === 'JWT' && audiences.includes(client))
  if (both === undefined) return
  const message = `\`${both}\` is a client of ID tokens and an audience of access tokens, which this issuer types alike`
  reader.add(
    'ERR_GATEWAY_CONFIG_CONFLICT',
    message,
    'give access tokens an audience of their own',
    reader.offsetOf('idTokens'),
  )
}

/** What policies call a claim is an id of theirs; what the issuer calls it is opaque. */
export function readClaims(reader: ConfigReader): Readonly<Record<string, string>> {
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
  const type = reader.word('type', TYPES) ?? 'oidc'
  const issuer = readIssuerText(reader, type)
  const config: IssuerConfig = {
    name: readIssuerLabel(reader),
    type,
    issuer,
    audiences: reader.texts('audiences').map(({ value }) => value),
    algorithms: readAlgorithms(reader),
    ...(type === 'oidc' ? readProvider(reader) : WORKLOADS_ONLY),
    requiredClaims: readRequiredClaims(reader),
    groups: readGroupMapping(reader),
    kind: reader.word('kind', principalKinds) ?? (type === 'oidc' ? undefined : 'service'),
    claims: readClaims(reader),
    ...readReach(reader, issuer, type),
    maxTokenLifetimeSeconds: reader.integer('maxTokenLifetimeSeconds', {
      min: MINUTE_SECONDS,
      max: 7 * DAY_SECONDS,
      fallback: DAY_SECONDS,
    }),
    clockToleranceSeconds: reader.integer('clockToleranceSeconds', { min: 0, max: MINUTE_SECONDS, fallback: 10 }),
  }
  checkIdTokens(reader, config)
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
