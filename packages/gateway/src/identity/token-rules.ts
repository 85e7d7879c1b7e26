import type { IssuerConfig } from '../config/issuer-config.ts'
import { TokenAudienceError, TokenKindError, TokenTypeError } from './identity-errors.ts'
import type { SubjectTokenType } from './subject-token.ts'
import type { TokenShape, UncheckedObject } from './token-shape.ts'

/** What a token is for. */
export type TokenKind = 'access-token' | 'id-token' | 'service-account' | 'svid'

/** What tokens of one kind of an issuer are pinned to, besides the pins of the issuer. */
export interface TokenRule {
  readonly kind: TokenKind
  /** Accepted `typ` headers in their short form and small letters; `undefined` where the header may lack one. */
  readonly types: readonly (string | undefined)[]
  readonly audiences: readonly string[]
  readonly requiredClaims: readonly string[]
}

/** The kinds that a client may sign in to Kafka with: an ID token is for the application that it was issued to. */
export const SIGN_IN_KINDS: readonly TokenKind[] = Object.freeze(['access-token', 'service-account', 'svid'])

const KINDS_OF_SUBJECT: Readonly<Record<SubjectTokenType, readonly TokenKind[]>> = Object.freeze({
  access_token: SIGN_IN_KINDS,
  id_token: ['id-token'],
  jwt: [...SIGN_IN_KINDS, 'id-token'] as const,
  saml2: [],
})

/** The kinds of JWT that a subject token of a type can be. */
export function kindsOfSubject(type: SubjectTokenType): readonly TokenKind[] {
  return KINDS_OF_SUBJECT[type]
}

const TIMES_AND_SUBJECT = ['exp', 'iat', 'sub']

/** Gives the rules for the tokens of an issuer. */
export function tokenRulesOf(issuer: IssuerConfig): readonly TokenRule[] {
  const { type, audiences, tokenType, idTokenClients } = issuer
  const usual = { audiences, requiredClaims: TIMES_AND_SUBJECT }
  // Kubernetes writes no `typ`; JWT-SVID section 2 lets it be absent, JWT or JOSE.
  if (type === 'kubernetes') {
    const requiredClaims = [...TIMES_AND_SUBJECT, 'kubernetes.io']
    return [{ ...usual, kind: 'service-account', types: [undefined, 'jwt'], requiredClaims }]
  }
  if (type === 'spiffe') return [{ ...usual, kind: 'svid', types: [undefined, 'jwt', 'jose'] }]
  // RFC 9068 section 2.2 for `at+jwt`.
  const requiredClaims = tokenType === 'at+jwt' ? [...TIMES_AND_SUBJECT, 'jti'] : TIMES_AND_SUBJECT
  const access: TokenRule = { kind: 'access-token', types: [tokenType.toLowerCase()], audiences, requiredClaims }
  if (idTokenClients.length === 0) return [access]
  return [access, { ...usual, kind: 'id-token', types: ['jwt', undefined], audiences: idTokenClients }]
}

/** The `typ` of a header in its short form and small letters (RFC 7515 section 4.1.9); `false` for one that is no text. */
function typeOf(header: UncheckedObject): string | undefined | false {
  if (!Object.hasOwn(header, 'typ')) return undefined
  const type = header['typ']
  return typeof type === 'string' && type.toLowerCase().replace(/^application\/(?!.*\/)/, '')
}

/** Refuses a header whose `typ` is none of a rule's. */
export function assertType(header: UncheckedObject, rules: readonly TokenRule[]): readonly TokenRule[] {
  const type = typeOf(header)
  const fitting = type === false ? [] : rules.filter(({ types }) => types.includes(type))
  if (fitting.length > 0) return fitting
  throw new TokenTypeError(rules.flatMap(({ types }) => types.flatMap((accepted) => accepted ?? [])))
}

/** The audiences that a token says it is for. */
export function audiencesOf(claims: UncheckedObject): readonly string[] {
  const audience = Object.hasOwn(claims, 'aud') ? claims['aud'] : undefined
  const list: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  return list.filter((each) => typeof each === 'string')
}

/**
 * Chooses the one rule that a token will be verified by, by what it says of itself.
 *
 * Throws {@link TokenKindError}, {@link TokenTypeError} or {@link TokenAudienceError} where no rule will do.
 */
export function chooseRule(
  rules: readonly TokenRule[],
  kinds: readonly TokenKind[],
  { header, claims }: TokenShape,
): TokenRule {
  const wanted = rules.filter(({ kind }) => kinds.includes(kind))
  if (wanted.length === 0) throw new TokenKindError()
  const fitting = assertType(header, wanted)
  const audiences = audiencesOf(claims)
  const rule = fitting.find((each) => each.audiences.some((audience) => audiences.includes(audience)))
  if (rule !== undefined) return rule
  throw new TokenAudienceError(fitting.flatMap((each) => each.audiences))
}
