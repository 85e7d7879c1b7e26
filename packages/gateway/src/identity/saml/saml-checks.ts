import type { Element } from '@xmldom/xmldom'
import {
  TokenAudienceError,
  TokenExpiredError,
  TokenIssuerUnknownError,
  TokenLifetimeError,
  TokenNotYetValidError,
} from '../identity-errors.ts'
import { SamlConditionsError, SamlConfirmationError, SamlMalformedError, SamlSubjectError } from './saml-errors.ts'
import type { SamlTrust } from './saml-message.ts'
import { CLOCK_TOLERANCE_MS, timeOf } from './saml-times.ts'
import { attributeOf, childrenNamed, elementsOf, isNamed, Namespace, onlyChild, textOf } from './saml-xml.ts'

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const ENTITY = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity'
const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const MAX_NAME_LENGTH = 1_024

/** When an assertion was issued, and the end of what it says. */
export interface SamlTimes {
  readonly issuedAtUnixMs: number
  readonly expiresAtUnixMs: number
}

/** What is checked against. */
export interface SamlCheckContext {
  readonly issuer: SamlTrust
  /** The token endpoint's URL, byte for byte. */
  readonly recipient: string
  readonly nowUnixMs: number
}

const KNOWN_PARTS = ['Issuer', 'Subject', 'Conditions', 'AuthnStatement', 'AttributeStatement']

/** Refuses versions and parts that are not read here: what is not understood could say otherwise. */
export function assertKnownParts(assertion: Element): void {
  if (attributeOf(assertion, 'Version') !== '2.0') throw new SamlMalformedError('it is of another version than 2.0')
  for (const part of elementsOf(assertion)) {
    const isKnown = part.namespaceURI === Namespace.ASSERTION && KNOWN_PARTS.includes(part.localName ?? '')
    if (!isKnown) throw new SamlMalformedError('it has a part that is not read here')
  }
}

/** Gives the issuer's entity id; one of another format is no {@link SamlMalformedError}, but nobody's. */
export function readIssuer(assertion: Element): string {
  const issuer = onlyChild(assertion, 'Issuer')
  const isEntity = issuer !== undefined && (attributeOf(issuer, 'Format') ?? ENTITY) === ENTITY
  const text = isEntity ? textOf(issuer) : undefined
  if (text === undefined || text === '') throw new TokenIssuerUnknownError()
  return text
}

/** Gives the subject's name, in one of the accepted formats and in the issuer's own name space. */
export function readSubject(assertion: Element, { issuer }: SamlCheckContext): string {
  const subject = onlyChild(assertion, 'Subject')
  const nameId = subject && onlyChild(subject, 'NameID')
  const name = nameId && textOf(nameId)
  if (nameId === undefined || name === undefined || name.trim() === '') throw new SamlSubjectError('has no name')
  if (name.length > MAX_NAME_LENGTH) throw new SamlSubjectError('has a name that is too long')
  if (!issuer.nameIdFormats.includes(attributeOf(nameId, 'Format') ?? UNSPECIFIED)) {
    throw new SamlSubjectError('is named in a format that is not accepted')
  }
  const isForeign =
    (attributeOf(nameId, 'NameQualifier') ?? issuer.entityId) !== issuer.entityId ||
    !issuer.audiences.includes(attributeOf(nameId, 'SPNameQualifier') ?? issuer.audiences[0] ?? '')
  if (isForeign) throw new SamlSubjectError('is named for somebody else')
  return name
}

/** RFC 7522 section 3, items 4 and 5: exactly one confirmation, by bearer, for this endpoint, with an end. */
function readConfirmation(assertion: Element, { recipient, nowUnixMs }: SamlCheckContext): number {
  const subject = onlyChild(assertion, 'Subject')
  const confirmations = subject === undefined ? [] : childrenNamed(subject, 'SubjectConfirmation')
  const [confirmation, second] = confirmations
  if (confirmation === undefined) throw new SamlConfirmationError('is missing')
  if (second !== undefined) throw new SamlConfirmationError('is not the only one')
  if (attributeOf(confirmation, 'Method') !== BEARER) throw new SamlConfirmationError('is not by bearer')
  const [data, other] = elementsOf(confirmation)
  const isData = data !== undefined && isNamed(data, Namespace.ASSERTION, 'SubjectConfirmationData')
  if (!isData || other !== undefined || elementsOf(data).length > 0) {
    throw new SamlConfirmationError('has other data than are read here')
  }
  assertKnownData(data)
  if (attributeOf(data, 'Recipient') !== recipient) {
    throw new SamlConfirmationError(`is for another recipient than \`${recipient}\``)
  }
  const end = timeOf(data, 'NotOnOrAfter')
  if (end === undefined) throw new SamlConfirmationError('has no end')
  if (end <= nowUnixMs) throw new TokenExpiredError()
  return end
}

/** `NotBefore` may not stand here, and an address that is not checked may not pass for one that is. */
function assertKnownData(data: Element): void {
  for (const { name, namespaceURI, prefix } of data.attributes) {
    const isKnown = namespaceURI === null && ['NotOnOrAfter', 'Recipient', 'InResponseTo'].includes(name)
    const isTyping = namespaceURI === XSI || prefix === 'xmlns' || name === 'xmlns'
    if (!isKnown && !isTyping) throw new SamlConfirmationError('has a limit that is not read here')
  }
}

/** Every audience restriction names one of ours (they are joined by "and"); every condition is one that can be kept. */
function readConditions(assertion: Element, { issuer, nowUnixMs }: SamlCheckContext): number | undefined {
  const conditions = onlyChild(assertion, 'Conditions')
  if (conditions === undefined) throw new SamlConditionsError('are missing')
  const restrictions = childrenNamed(conditions, 'AudienceRestriction')
  // Each assertion can be exchanged once, whether it says `OneTimeUse` or not.
  const known = restrictions.length + childrenNamed(conditions, 'OneTimeUse').length
  if (elementsOf(conditions).length !== known) throw new SamlConditionsError('hold one that cannot be kept here')
  if (restrictions.length === 0) throw new SamlConditionsError('name no audience')
  for (const restriction of restrictions) {
    const audiences = childrenNamed(restriction, 'Audience').map(textOf)
    const isForUs = audiences.some((audience) => audience !== undefined && issuer.audiences.includes(audience))
    if (!isForUs) throw new TokenAudienceError(issuer.audiences)
  }
  const start = timeOf(conditions, 'NotBefore')
  if (start !== undefined && start > nowUnixMs + CLOCK_TOLERANCE_MS) throw new TokenNotYetValidError()
  const end = timeOf(conditions, 'NotOnOrAfter')
  if (end !== undefined && end <= nowUnixMs) throw new TokenExpiredError()
  return end
}

/** The end of the subject's session at the issuer, where a statement tells it. */
function readSessionEnd(assertion: Element, { nowUnixMs }: SamlCheckContext): number {
  let earliest = Number.POSITIVE_INFINITY
  for (const statement of childrenNamed(assertion, 'AuthnStatement')) {
    const signedIn = timeOf(statement, 'AuthnInstant')
    if (signedIn !== undefined && signedIn > nowUnixMs + CLOCK_TOLERANCE_MS) throw new TokenNotYetValidError()
    earliest = Math.min(earliest, timeOf(statement, 'SessionNotOnOrAfter') ?? earliest)
  }
  if (earliest <= nowUnixMs) throw new TokenExpiredError()
  return earliest
}

/** Checks confirmation, conditions and times, and gives the times that are left. */
export function checkValidity(assertion: Element, context: SamlCheckContext): SamlTimes {
  const { issuer, nowUnixMs } = context
  const issuedAtUnixMs = timeOf(assertion, 'IssueInstant')
  if (issuedAtUnixMs === undefined) throw new SamlMalformedError('it has no IssueInstant')
  if (issuedAtUnixMs > nowUnixMs + CLOCK_TOLERANCE_MS) throw new TokenNotYetValidError()
  if (issuedAtUnixMs + issuer.maxAgeSeconds * 1_000 <= nowUnixMs) throw new TokenLifetimeError(issuer.maxAgeSeconds)
  const confirmationEnd = readConfirmation(assertion, context)
  const conditionsEnd = readConditions(assertion, context)
  const expiresAtUnixMs = Math.min(conditionsEnd ?? confirmationEnd, readSessionEnd(assertion, context))
  return { issuedAtUnixMs, expiresAtUnixMs }
}
