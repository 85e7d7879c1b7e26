import { TokenClaimError } from './identity-errors.ts'
import { ownText, type UncheckedObject } from './token-shape.ts'

/** The longest name of a subject or a group that is taken. */
export const MAX_NAME_LENGTH = 1_024
const MAX_GROUPS = 10_000

/** Whether a value is a text of sane length. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH
}

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

/** A member of a JSON object; nothing where the value is no object or has no such member of its own. */
export function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, name) ? (value as UncheckedObject)[name] : undefined
}

/**
 * Tells whether a token says that the groups are too many to be listed: by a distributed claim (OpenID Connect Core section
 * 5.6.2), or by `hasgroups`.
 */
function isOverage(claims: UncheckedObject, name: string): boolean {
  if (memberOf(memberOf(claims, '_claim_names'), name) !== undefined) return true
  return name === 'groups' && memberOf(claims, 'hasgroups') !== undefined
}

/**
 * Gives the groups that a claim lists, as opaque texts.
 *
 * `undefined` means unknown: the claim is absent, too long to be listed, or anything but a list of texts. It never means
 * none, and nothing is coerced or split.
 */
export function readGroups(
  claims: UncheckedObject,
  path: readonly [string, ...string[]] | undefined,
): readonly string[] | undefined {
  if (path === undefined || isOverage(claims, path[0])) return undefined
  const value = path.reduce<unknown>(memberOf, claims)
  if (!Array.isArray(value) || value.length > MAX_GROUPS) return undefined
  return value.every(isText) ? Object.freeze([...new Set(value)]) : undefined
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
    const values = readGroups(text === undefined ? claims : { [claim]: [text] }, [claim])
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
  const confirmation = memberOf(claims, 'cnf')
  if (confirmation === undefined) return undefined
  const isObject = typeof confirmation === 'object' && confirmation !== null && !Array.isArray(confirmation)
  const members = isObject ? Object.entries(confirmation) : []
  const [[name, thumbprint] = []] = members
  if (members.length !== 1 || name !== 'x5t#S256' || typeof thumbprint !== 'string' || thumbprint === '') {
    throw new TokenClaimError('cnf')
  }
  return thumbprint
}
