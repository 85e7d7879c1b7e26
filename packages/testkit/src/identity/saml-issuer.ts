import { generateKeyPairSync, type KeyObject, randomUUID, sign as signBytes } from 'node:crypto'
import { systemClock } from '@headgate/core'
import { type SignatureAlgorithm, SignedXml } from 'xml-crypto'

/** What an assertion says, and how it is signed; a test that brings what must be refused changes a part of it. */
export interface SamlAssertionOptions {
  /** The subject's name, in the persistent format. */
  readonly subject: string
  /** The values of the attribute `groups`; without it there is no such attribute. */
  readonly groups?: readonly string[]
  readonly audience: string
  /** The URL of the token endpoint that it is for. */
  readonly recipient: string
  /** 300 by default; the issuer's session with the subject is an hour. */
  readonly lifetimeSeconds?: number
  /** When it is issued; now by default. */
  readonly issuedAtUnixMs?: number
  readonly id?: string
  /** Changes the assertion before it is signed. */
  readonly edit?: (xml: string) => string
  /** The algorithm of the signature; RSA with SHA-256 by default. */
  readonly signatureAlgorithm?: string
  /** The algorithm of the digest; SHA-256 by default. */
  readonly digestAlgorithm?: string
  /** An XPath to what is signed; the assertion by default. */
  readonly signs?: string
  /** The content of `KeyInfo`; nothing that reads an assertion may believe it. */
  readonly keyInfo?: string
}

/** Somebody who signs SAML 2 assertions. */
export interface SamlIssuer {
  readonly entityId: string
  /** What a gateway is configured with. */
  readonly publicKeyPem: string
  /** Makes and signs an assertion; the XML, which {@link encodeAssertion} makes a subject token. */
  assert(options: SamlAssertionOptions): string
}

const RSA_BITS = 2_048
const DEFAULT_LIFETIME_SECONDS = 300
const SESSION_SECONDS = 3_600
const SKEW_MS = 5_000
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'

/** Creates an issuer of assertions with a new key: RSA, or P-256 for the algorithms with ECDSA. */
export function createSamlIssuer(entityId: string, keyType: 'rsa' | 'ec' = 'rsa'): SamlIssuer {
  const { privateKey, publicKey } =
    keyType === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: RSA_BITS })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    entityId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    assert: (options) => {
      const xml = assertionXml(entityId, options)
      return sign(options.edit?.(xml) ?? xml, privateKey, options)
    },
  }
}

/** Makes an assertion the subject token of RFC 8693: base64url of its UTF-8. */
export function encodeAssertion(xml: string): string {
  return Buffer.from(xml).toString('base64url')
}

function assertionXml(entityId: string, options: SamlAssertionOptions): string {
  const { issuedAtUnixMs: now = systemClock.nowUnixMs(), lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = options
  const at = (unixMs: number): string => new Date(unixMs).toISOString()
  const end = at(now + lifetimeSeconds * 1_000)
  const id = options.id ?? `_${randomUUID()}`
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${at(now)}">` +
    `<saml:Issuer>${escapeText(entityId)}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${escapeText(options.subject)}</saml:NameID>` +
    '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">' +
    `<saml:SubjectConfirmationData NotOnOrAfter="${end}" Recipient="${escapeText(options.recipient)}"/>` +
    '</saml:SubjectConfirmation></saml:Subject>' +
    `<saml:Conditions NotBefore="${at(now - SKEW_MS)}" NotOnOrAfter="${end}"><saml:AudienceRestriction>` +
    `<saml:Audience>${escapeText(options.audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${at(now)}" SessionNotOnOrAfter="${at(now + SESSION_SECONDS * 1_000)}">` +
    '<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509</saml:AuthnContextClassRef>' +
    `</saml:AuthnContext></saml:AuthnStatement>${groupsXml(options.groups)}</saml:Assertion>`
  )
}

function groupsXml(groups: readonly string[] | undefined): string {
  if (groups === undefined) return ''
  const values = groups.map((group) => `<saml:AttributeValue>${escapeText(group)}</saml:AttributeValue>`).join('')
  return `<saml:AttributeStatement><saml:Attribute Name="groups">${values}</saml:Attribute></saml:AttributeStatement>`
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function sign(xml: string, privateKey: KeyObject, options: SamlAssertionOptions): string {
  const { signatureAlgorithm = RSA_SHA256, digestAlgorithm = SHA256, keyInfo } = options
  const signer = new SignedXml({
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    signatureAlgorithm,
    canonicalizationAlgorithm: EXCLUSIVE,
    getKeyInfoContent: () => keyInfo ?? null,
  })
  addAlgorithm(signer, signatureAlgorithm, privateKey)
  const assertion = "/*[local-name(.)='Assertion']"
  signer.addReference({ xpath: options.signs ?? assertion, transforms: [ENVELOPED, EXCLUSIVE], digestAlgorithm })
  const location = { reference: "(//*[local-name(.)='Issuer'])[1]", action: 'after' } as const
  signer.computeSignature(xml, { prefix: 'ds', location })
  return signer.getSignedXml()
}

/** The library brings some of RSA; the others are as RFC 9231 names them. */
function addAlgorithm(signer: SignedXml, name: string, key: KeyObject): void {
  const [, hash] = /#(?:rsa|ecdsa)-(sha384|sha256|sha512)$/.exec(name) ?? []
  if (hash === undefined) return
  signer.SignatureAlgorithms[name] = class implements SignatureAlgorithm {
    getAlgorithmName(): string {
      return name
    }

    getSignature(signedInfo: string): string {
      return signBytes(hash, Buffer.from(signedInfo), { key, dsaEncoding: 'ieee-p1363' }).toString('base64')
    }

    verifySignature(): never {
      throw new TypeError('nothing is verified here')
    }
  }
}
