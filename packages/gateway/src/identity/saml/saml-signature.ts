import { type KeyObject, verify } from 'node:crypto'
import type { Element } from '@xmldom/xmldom'
import { type Reference, type SignatureAlgorithm, SignedXml } from 'xml-crypto'
import { SamlMalformedError, SamlSignatureError } from './saml-errors.ts'
import { attributeOf, elementsOf, everyElement, isNamed, Namespace, parseRoot } from './saml-xml.ts'

const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const DIGESTS = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512']

interface Scheme {
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly keyType: 'rsa' | 'ec'
}

/** RFC 9231: RSA with PKCS #1 padding, and ECDSA, whose signatures are its two numbers one after the other. */
const SCHEMES: Readonly<Record<string, Scheme>> = Object.freeze({
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': { hash: 'sha256', keyType: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': { hash: 'sha384', keyType: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': { hash: 'sha512', keyType: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256': { hash: 'sha256', keyType: 'ec' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384': { hash: 'sha384', keyType: 'ec' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512': { hash: 'sha512', keyType: 'ec' },
})

type SignatureAlgorithmClass = new () => SignatureAlgorithm

/** One way to verify, as xml-crypto wants it. The key is the configured one, and of the type that the algorithm is for. */
function algorithmClass(name: string, { hash, keyType }: Scheme, key: KeyObject): SignatureAlgorithmClass {
  return class {
    getAlgorithmName(): string {
      return name
    }

    getSignature(): never {
      throw new TypeError('nothing is signed here')
    }

    verifySignature(signedInfo: string, _key: unknown, signature: string): boolean {
      if (key.asymmetricKeyType !== keyType) return false
      return verify(hash, Buffer.from(signedInfo), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64'))
    }
  }
}

function pick<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
}

/** A verifier that knows what is accepted, and nothing else: what it does not know makes it throw. */
function createVerifier(key: KeyObject): SignedXml {
  const verifier = new SignedXml({ publicCert: key, getCertFromKeyInfo: () => null })
  verifier.idAttributes = ['ID']
  verifier.CanonicalizationAlgorithms = pick(verifier.CanonicalizationAlgorithms, [ENVELOPED, EXCLUSIVE])
  verifier.HashAlgorithms = pick(verifier.HashAlgorithms, DIGESTS)
  verifier.SignatureAlgorithms = Object.fromEntries(
    Object.entries(SCHEMES).map(([name, scheme]) => [name, algorithmClass(name, scheme, key)]),
  )
  return verifier
}

/** A reference to the assertion itself, by its ID, without its own signature and in exclusive canonical form. */
function isWholeAssertion(reference: Reference | undefined, id: string): boolean {
  const [first, second, ...others] = reference?.transforms ?? []
  return reference?.uri === `#${id}` && first === ENVELOPED && second === EXCLUSIVE && others.length === 0
}

/** Gives the canonical bytes that the key has signed; `undefined` when it has not signed exactly this assertion. */
function signedBytes(xml: string, signature: string, id: string, key: KeyObject): string | undefined {
  const verifier = createVerifier(key)
  try {
    verifier.loadSignature(signature)
    if (!verifier.checkSignature(xml)) return undefined
  } catch {
    // Its messages quote the signature and the document.
    return undefined
  }
  const [reference, ...otherReferences] = verifier.getReferences()
  const [bytes, ...otherBytes] = verifier.getSignedReferences()
  const isOne = otherReferences.length === 0 && otherBytes.length === 0
  return isOne && isWholeAssertion(reference, id) ? bytes : undefined
}

const NC_NAME = /^[A-Za-z_][A-Za-z0-9._-]{0,255}$/

/** IDs are unique in a document; here under every spelling, so that no two readers find two elements by one. */
function assertUniqueIds(root: Element): void {
  const seen = new Set<string>()
  for (const element of everyElement(root)) {
    for (const { localName, name, value } of element.attributes) {
      if ((localName ?? name).toLowerCase() !== 'id') continue
      if (seen.has(value)) throw new SamlMalformedError('an ID stands in it twice')
      seen.add(value)
      if (seen.size > MAX_IDS) throw new SamlMalformedError('it has too many IDs')
    }
  }
}

/** More are in no assertion, and each makes looking up an ID slower. */
const MAX_IDS = 8

function namesOf(element: Element): string {
  const names = elementsOf(element).map((child) => (child.namespaceURI === Namespace.SIGNATURE ? child.localName : '?'))
  return names.join(' ')
}

/** What is signed is one thing: a digest over each of many references would be computed before the signature is looked at. */
function isOneReference(info: Element): boolean {
  const reference = elementsOf(info)[2]
  const transforms = reference && elementsOf(reference)[0]
  return (
    namesOf(info) === 'CanonicalizationMethod SignatureMethod Reference' &&
    reference !== undefined &&
    namesOf(reference) === 'Transforms DigestMethod DigestValue' &&
    transforms !== undefined &&
    namesOf(transforms) === 'Transform Transform'
  )
}

/** Gives the one signature there is, which stands in the assertion itself and holds nothing but itself. */
function findSignature(root: Element): Element {
  const all = [...everyElement(root)]
  const isSignature = (element: Element): boolean => isNamed(element, Namespace.SIGNATURE, 'Signature')
  const [signature, second] = all.filter(isSignature)
  if (signature === undefined) throw new SamlMalformedError('it is not signed')
  if (second !== undefined) throw new SamlMalformedError('it has a second signature')
  if (!elementsOf(root).includes(signature)) throw new SamlMalformedError('its signature is not its own child')
  const [info] = elementsOf(signature)
  const isPlain = ['SignedInfo SignatureValue', 'SignedInfo SignatureValue KeyInfo'].includes(namesOf(signature))
  if (info === undefined || !isPlain || !isOneReference(info)) {
    throw new SamlMalformedError('its signature is not one over the assertion alone')
  }
  return signature
}

function assertOneAssertion(root: Element): void {
  if (!isNamed(root, Namespace.ASSERTION, 'Assertion')) {
    throw new SamlMalformedError('its root is no SAML 2 Assertion: send the assertion alone, not the response')
  }
  const count = [...everyElement(root)].filter((element) => element.localName === 'Assertion').length
  if (count !== 1) throw new SamlMalformedError('it holds a second assertion')
}

/**
 * Verifies the enveloped signature of an assertion, and gives the assertion as it was signed.
 *
 * INVARIANT: what is given is parsed from the very bytes that were digested. Nothing may be read from the document that
 * was brought, except to find whose keys to try.
 */
export function verifySignature(xml: string, root: Element, keys: readonly KeyObject[]): Element {
  assertOneAssertion(root)
  assertUniqueIds(root)
  const signature = findSignature(root).toString()
  const id = attributeOf(root, 'ID') ?? ''
  if (!NC_NAME.test(id)) throw new SamlMalformedError('its ID cannot be used')
  for (const key of keys) {
    const bytes = signedBytes(xml, signature, id, key)
    if (bytes !== undefined) return parseSigned(bytes, id)
  }
  throw new SamlSignatureError()
}

function parseSigned(bytes: string, id: string): Element {
  const signed = parseRoot(bytes)
  assertOneAssertion(signed)
  if (attributeOf(signed, 'ID') !== id) throw new SamlSignatureError()
  return signed
}
