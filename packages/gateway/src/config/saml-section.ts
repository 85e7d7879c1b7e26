import { createPublicKey, type KeyObject } from 'node:crypto'
import { principalKinds } from '@headgate/policy'
import type { ConfigReader } from './config-reader.ts'
import { readGroupMapping } from './group-mapping-section.ts'
import type { IssuerConfig, SamlIssuerConfig } from './issuer-config.ts'
import { readClaims, readIssuerLabel } from './issuer-section.ts'

const FORMATS: Readonly<Record<string, string>> = Object.freeze({
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  X509SubjectName: 'urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName',
  WindowsDomainQualifiedName: 'urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName',
  kerberos: 'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos',
})
const DEFAULT_FORMATS = ['persistent']
const MIN_RSA_BITS = 2_048
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']

/** A name that changes with each session is nobody's: `transient` is not among them. */
function readFormats(reader: ConfigReader): readonly string[] {
  const words = reader.has('nameIdFormats')
    ? reader.texts('nameIdFormats').flatMap((word) => reader.oneOf('nameIdFormats', word, Object.keys(FORMATS)) ?? [])
    : DEFAULT_FORMATS
  return words.flatMap((word) => FORMATS[word] ?? [])
}

function keyProblem(key: KeyObject | undefined): string | undefined {
  if (key === undefined) return 'holds no certificate and no public key'
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const isStrong = key.asymmetricKeyType === 'rsa' ? modulusLength >= MIN_RSA_BITS : CURVES.includes(namedCurve)
  return isStrong ? undefined : 'has a key that is not accepted'
}

function parsePublicKey(pem: string): KeyObject | undefined {
  try {
    return pem.includes('PRIVATE KEY') ? undefined : createPublicKey(pem)
  } catch {
    return undefined
  }
}

function readKey(reader: ConfigReader, name: string): KeyObject[] {
  const path = reader.optionalText(name)
  if (path === undefined || path.value === '') return []
  const pem = reader.source.readNamedFile(path.value, path.offset)
  if (pem === undefined) return []
  const key = parsePublicKey(pem)
  const problem = keyProblem(key)
  if (problem !== undefined) {
    const mend = 'name a PEM file with one certificate: RSA from 2048 bits, or P-256, P-384, P-521'
    reader.add('ERR_GATEWAY_CONFIG_PEM_INVALID', `file \`${path.value}\` ${problem}`, mend, path.offset)
  }
  return key === undefined ? [] : [key]
}

function readKeys(reader: ConfigReader): readonly KeyObject[] {
  const section = reader.section('certificates')
  if (!section.has('current')) section.require('current', 'the path of a PEM file')
  const keys = ['current', 'next'].flatMap((name) => readKey(section, name))
  section.close()
  return keys
}

/** Reads one member of `samlIssuers:`; assertions are for the gateway itself where no audiences are given. */
export function readSamlIssuer(reader: ConfigReader, publicUrl: string): SamlIssuerConfig {
  const config: SamlIssuerConfig = {
    name: readIssuerLabel(reader),
    entityId: reader.text('entityId'),
    keys: readKeys(reader),
    audiences: reader.has('audiences') ? reader.texts('audiences').map(({ value }) => value) : [publicUrl],
    nameIdFormats: readFormats(reader),
    groupsAttribute: reader.optionalText('groupsAttribute')?.value,
    groups: readGroupMapping(reader),
    kind: reader.word('kind', principalKinds),
    claims: readClaims(reader),
    maxAgeSeconds: reader.integer('maxAgeSeconds', { min: 10, max: 3_600, fallback: 300 }),
  }
  reader.close()
  return config
}

/** Says where two issuers of any kind have one name, or two of this kind one entity id. */
export function checkSamlIssuers(
  readers: readonly ConfigReader[],
  samlIssuers: readonly SamlIssuerConfig[],
  issuers: readonly IssuerConfig[],
): void {
  const names = new Set(issuers.map(({ name }) => name))
  const entityIds = new Set<string>()
  for (const [index, { name, entityId }] of samlIssuers.entries()) {
    const reader = readers[index]
    const refuse = (key: 'name' | 'entityId', value: string): void => {
      const at = reader?.offsetOf(key)
      reader?.add('ERR_GATEWAY_CONFIG_DUPLICATE', `\`${value}\` stands here twice`, 'keep one of the two', at)
    }
    if (names.has(name) && name !== '') refuse('name', name)
    if (entityIds.has(entityId) && entityId !== '') refuse('entityId', entityId)
    names.add(name)
    entityIds.add(entityId)
  }
}
