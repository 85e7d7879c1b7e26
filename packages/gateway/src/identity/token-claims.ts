import { TokenClaimError } from './identity-errors.ts'
import { ownText, type UncheckedObject } from './token-shape.ts'

const MAX_NAME_LENGTH = 1_024
const MAX_GROUPS = 10_000

/** Gives a required claim that is a non-empty text of sane length. */
export function requireText(claims: UncheckedObject, name: string): string {
  const value = ownText(claims, name)
  if (value === undefined || value === '' || value.length > MAX_NAME_LENGTH) throw new TokenClaimError(name)
  return value
}

/** Gives a required claim that is a time: seconds since the Unix epoch, finite. */
export function requireSeconds(claims: UncheckedObject, name: string): number {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  // JSON's 1e999 is Infinity.
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new TokenClaimError(name)
  return value
}

/**
 * Gives the OAuth client that a token was issued to, from `client_id` (RFC 9068) or `azp`.
 *
 * Two that contradict each other are refused with {@link TokenClaimError}.
 */
export function readClientId(claims: UncheckedObject): string | undefined {
  const clientId = ownText(claims, 'client_id')
  const authorizedParty = ownText(claims, 'azp')
  if (clientId !== undefined && authorizedParty !== undefined && clientId !== authorizedParty) {
    throw new TokenClaimError('azp')
  }
  return clientId ?? authorizedParty
}

function isElsewhere(claims: UncheckedObject, name: string): boolean {
  const elsewhere = Object.hasOwn(claims, '_claim_names') ? claims['_claim_names'] : undefined
  return typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, name)
}

/**
 * Gives the groups that a claim lists, as opaque texts.
 *
 * `undefined` means unknown: the claim is absent, distributed (OpenID Connect Core section 5.6.2, which is also how an
 * overage is told), or anything but a list of texts. It never means none, and nothing is coerced or split.
 */
export function readGroups(claims: UncheckedObject, name: string | undefined): readonly string[] | undefined {
  if (name === undefined || isElsewhere(claims, name)) return undefined
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (!Array.isArray(value) || value.length > MAX_GROUPS) return undefined
  const isAllText = value.every((group) => typeof group === 'string' && group.length <= MAX_NAME_LENGTH)
  return isAllText ? Object.freeze([...new Set(value as string[])]) : undefined
}

/**
 * Gives what a token states of the claims that rules may ask for, by the names that policies have for them: a text is a list of
 * one. A claim that is absent, elsewhere, or anything else is left out, which means unknown.
 */
export function readStatedClaims(
  claims: UncheckedObject,
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly string[]>> | undefined {
  const stated = Object.entries(names).flatMap(([name, claim]) => {
    const text = Object.hasOwn(claims, claim) ? ownText(claims, claim) : undefined
    const values = readGroups(text === undefined ? claims : { [claim]: [text] }, claim)
    return values === undefined ? [] : [[name, values] as const]
  })
  return stated.length === 0 ? undefined : Object.freeze(Object.fromEntries(stated))
}

/**
 * Gives the certificate that a token is bound to (`cnf`, RFC 8705 section 3.1); nothing for a bearer token.
 *
 * A confirmation of any other kind is refused with {@link TokenClaimError}: it could not be checked.
 */
export function readCertificateThumbprint(claims: UncheckedObject): string | undefined {
  const confirmation = Object.hasOwn(claims, 'cnf') ? claims['cnf'] : undefined
  if (confirmation === undefined) return undefined
  const isObject = typeof confirmation === 'object' && confirmation !== null && !Array.isArray(confirmation)
  const members = isObject ? Object.entries(confirmation) : []
  const [[name, thumbprint] = []] = members
  if (members.length !== 1 || name !== 'x5t#S256' || typeof thumbprint !== 'string' || thumbprint === '') {
    throw new TokenClaimError('cnf')
  }
  return thumbprint
}
