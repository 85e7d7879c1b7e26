import {
  IdentityError,
  TokenAlgorithmError,
  TokenAudienceError,
  TokenClaimError,
  TokenExpiredError,
  TokenKeyUnknownError,
  TokenLifetimeError,
  TokenMalformedError,
  TokenNotYetValidError,
  TokenSignatureError,
  TokenTypeError,
} from './identity-errors.ts'

/** What a verifier is pinned to, for telling a client what would be accepted. */
export interface TokenPins {
  readonly algorithms: readonly string[]
  readonly types: readonly string[]
  readonly audiences: readonly string[]
  readonly maxLifetimeSeconds: number
}

interface JoseFailure {
  readonly code?: unknown
  readonly claim?: unknown
  readonly reason?: unknown
}

type Refusal = (failure: JoseFailure, pins: TokenPins) => IdentityError

const BY_CLAIM: Readonly<Record<string, Refusal>> = Object.freeze({
  aud: (_failure: JoseFailure, pins: TokenPins) => new TokenAudienceError(pins.audiences),
  typ: (_failure: JoseFailure, pins: TokenPins) => new TokenTypeError(pins.types),
  nbf: notYet,
  iat: notYet,
})

function notYet({ claim, reason }: JoseFailure): IdentityError {
  return reason === 'check_failed' ? new TokenNotYetValidError() : new TokenClaimError(String(claim))
}

function byClaim(failure: JoseFailure, pins: TokenPins): IdentityError {
  const claim = String(failure.claim)
  const refusal = Object.hasOwn(BY_CLAIM, claim) ? BY_CLAIM[claim] : undefined
  return refusal?.(failure, pins) ?? new TokenClaimError(claim)
}

const BY_CODE: Readonly<Record<string, Refusal>> = Object.freeze({
  ERR_JWT_EXPIRED: ({ claim }: JoseFailure, pins: TokenPins) =>
    claim === 'exp' ? new TokenExpiredError() : new TokenLifetimeError(pins.maxLifetimeSeconds),
  ERR_JWT_CLAIM_VALIDATION_FAILED: byClaim,
  ERR_JWT_INVALID: () => new TokenMalformedError('its body is not acceptable'),
  ERR_JWS_INVALID: () => new TokenMalformedError('it is no signed token'),
  ERR_JOSE_ALG_NOT_ALLOWED: (_failure: JoseFailure, pins: TokenPins) => new TokenAlgorithmError(pins.algorithms),
  ERR_JWKS_NO_MATCHING_KEY: () => new TokenKeyUnknownError(),
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: () => new TokenKeyUnknownError(),
})

/**
 * Turns whatever verifying a token threw into a refusal.
 *
 * INVARIANT: nothing but a refusal comes out, whatever went in: jose throws plain TypeErrors too. The original is not
 * kept as the cause, since jose's errors carry the token's claims.
 */
export function refusalOf(error: unknown, pins: TokenPins): IdentityError {
  if (error instanceof IdentityError) return error
  const failure: JoseFailure = typeof error === 'object' && error !== null ? error : {}
  const code = String(failure.code)
  const refusal = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined
  return refusal?.(failure, pins) ?? new TokenSignatureError()
}
