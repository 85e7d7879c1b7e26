import type { Element } from '@xmldom/xmldom'
import { IdentityError, TokenIssuerUnknownError } from '../identity-errors.ts'
import { readAttributes } from './saml-attributes.ts'
import { assertKnownParts, checkValidity, readIssuer, readSubject } from './saml-checks.ts'
import { SamlMalformedError } from './saml-errors.ts'
import type { SamlReply, SamlRequest, SamlStatement, SamlTrust } from './saml-message.ts'
import { verifySignature } from './saml-signature.ts'
import { attributeOf, decodeAssertion, parseRoot } from './saml-xml.ts'

/**
 * Verifies an assertion and gives what it says, or why it is refused.
 *
 * Nothing is thrown, and whether it was brought before is not asked here. It may take a third of a second, which whoever brings it
 * decides.
 */
export function verifyAssertion(request: SamlRequest): SamlReply {
  try {
    return { ok: true, statement: readStatement(request) }
  } catch (error) {
    // INVARIANT: nothing but a refusal comes out, whatever went in; the original may quote the assertion.
    const { code, message } = error instanceof IdentityError ? error : new SamlMalformedError('it cannot be read')
    return { ok: false, code, message }
  }
}

function readStatement({ token, issuers, recipient, nowUnixMs }: SamlRequest): SamlStatement {
  const xml = decodeAssertion(token)
  const root = parseRoot(xml)
  // Whose keys to try is all that is taken from what was brought.
  const signed = verifySignature(xml, root, issuerOf(root, issuers).keys)
  assertKnownParts(signed)
  const issuer = issuerOf(signed, issuers)
  const context = { issuer, recipient, nowUnixMs }
  const times = checkValidity(signed, context)
  return {
    entityId: issuer.entityId,
    subject: readSubject(signed, context),
    assertionId: attributeOf(signed, 'ID'),
    attributes: readAttributes(signed),
    ...times,
  }
}

function issuerOf(assertion: Element, issuers: readonly SamlTrust[]): SamlTrust {
  const entityId = readIssuer(assertion)
  const issuer = issuers.find((each) => each.entityId === entityId)
  if (issuer === undefined) throw new TokenIssuerUnknownError()
  return issuer
}
