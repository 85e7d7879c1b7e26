import { HeadgateError } from '@headgate/core'

/**
 * The base of every refusal of an identity.
 *
 * `message` never holds a part of the token or the secret, so {@link IdentityError.clientText} may be shown to the
 * client that was refused.
 */
export abstract class IdentityError<Code extends string = string> extends HeadgateError<Code> {
  /** Why, in words for the client. */
  get clientText(): string {
    return this.message
  }
}

/** The token is no signed JWT in compact form, or is too long. */
export class TokenMalformedError extends IdentityError<'ERR_GATEWAY_TOKEN_MALFORMED'> {
  readonly code = 'ERR_GATEWAY_TOKEN_MALFORMED'

  constructor(what: string) {
    super({ message: `token: ${what}` })
  }
}

/** The token's issuer is none of the configured ones. */
export class TokenIssuerUnknownError extends IdentityError<'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN'> {
  readonly code = 'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN'

  constructor() {
    super({ message: 'token: its issuer is not accepted here' })
  }
}

/** The token's algorithm is not one that its issuer is pinned to. */
export class TokenAlgorithmError extends IdentityError<'ERR_GATEWAY_TOKEN_ALGORITHM'> {
  readonly code = 'ERR_GATEWAY_TOKEN_ALGORITHM'

  constructor(accepted: readonly string[]) {
    super({ message: `token: its algorithm is not accepted, only ${accepted.join(', ')}` })
  }
}

/** The token is of another type than an access token of its issuer. */
export class TokenTypeError extends IdentityError<'ERR_GATEWAY_TOKEN_TYPE'> {
  readonly code = 'ERR_GATEWAY_TOKEN_TYPE'

  constructor(accepted: readonly string[]) {
    const list = accepted.map((type) => `\`${type}\``).join(', ')
    super({ message: `token: its type is not accepted, only ${list}` })
  }
}

/** The token's issuer gives tokens of other kinds only that are accepted in this place. */
export class TokenKindError extends IdentityError<'ERR_GATEWAY_TOKEN_KIND'> {
  readonly code = 'ERR_GATEWAY_TOKEN_KIND'

  constructor() {
    super({ message: 'token: tokens of its kind and issuer are not accepted here' })
  }
}

/** No key of the issuer fits the token. Worth a later try where keys come from elsewhere: one may be new. */
export class TokenKeyUnknownError extends IdentityError<'ERR_GATEWAY_TOKEN_KEY_UNKNOWN'> {
  readonly code = 'ERR_GATEWAY_TOKEN_KEY_UNKNOWN'

  constructor(retryable = true) {
    super({ message: 'token: it is signed with no key of its issuer', retryable })
  }
}

/** The signature does not verify, or cannot be verified. */
export class TokenSignatureError extends IdentityError<'ERR_GATEWAY_TOKEN_SIGNATURE'> {
  readonly code = 'ERR_GATEWAY_TOKEN_SIGNATURE'

  constructor() {
    super({ message: 'token: its signature is not valid' })
  }
}

/** The token was made for somebody else. */
export class TokenAudienceError extends IdentityError<'ERR_GATEWAY_TOKEN_AUDIENCE'> {
  readonly code = 'ERR_GATEWAY_TOKEN_AUDIENCE'

  constructor(accepted: readonly string[]) {
    const list = accepted.map((audience) => `\`${audience}\``).join(', ')
    super({ message: `token: its audience is not accepted, only ${list}` })
  }
}

/** The token's time is over. */
export class TokenExpiredError extends IdentityError<'ERR_GATEWAY_TOKEN_EXPIRED'> {
  readonly code = 'ERR_GATEWAY_TOKEN_EXPIRED'

  constructor() {
    super({ message: 'token: it has expired' })
  }
}

/** The token is taken once, and was, or cannot be told from another. */
export class TokenSpentError extends IdentityError<'ERR_GATEWAY_TOKEN_SPENT'> {
  readonly code = 'ERR_GATEWAY_TOKEN_SPENT'

  constructor() {
    super({ message: 'token: it can be exchanged once, and has been: bring a new one' })
  }
}

/** The issuer's tokens are taken once, by the token endpoint; this one was brought elsewhere. */
export class TokenExchangeOnlyError extends IdentityError<'ERR_GATEWAY_TOKEN_EXCHANGE_ONLY'> {
  readonly code = 'ERR_GATEWAY_TOKEN_EXCHANGE_ONLY'

  constructor() {
    super({ message: 'token: those of its issuer are taken once, at `/token`: exchange it there first' })
  }
}

/** Whether the token was taken before cannot be found out, so it is not taken. */
export class TokenSpentUnknownError extends IdentityError<'ERR_GATEWAY_TOKEN_SPENT_UNKNOWN'> {
  readonly code = 'ERR_GATEWAY_TOKEN_SPENT_UNKNOWN'

  constructor(cause: unknown) {
    super({ message: 'token: whether it was exchanged before cannot be found out now', retryable: true, cause })
  }
}

/** The session of the token was revoked. */
export class TokenRevokedError extends IdentityError<'ERR_GATEWAY_TOKEN_REVOKED'> {
  readonly code = 'ERR_GATEWAY_TOKEN_REVOKED'

  constructor() {
    super({ message: 'token: its session was revoked' })
  }
}

/** The token is bound to a certificate that this connection has not shown, or it should be bound to one. */
export class TokenCertificateError extends IdentityError<'ERR_GATEWAY_TOKEN_CERTIFICATE'> {
  readonly code = 'ERR_GATEWAY_TOKEN_CERTIFICATE'

  constructor(what: 'other' | 'unbound') {
    const text =
      what === 'other'
        ? 'it is bound to a client certificate, and this connection has not shown that one'
        : 'this client must use tokens that are bound to its certificate: exchange it at the gateway'
    super({ message: `token: ${text}` })
  }
}

/** The token's time has not come: `nbf` or `iat` lies in the future. */
export class TokenNotYetValidError extends IdentityError<'ERR_GATEWAY_TOKEN_NOT_YET_VALID'> {
  readonly code = 'ERR_GATEWAY_TOKEN_NOT_YET_VALID'

  constructor() {
    super({ message: 'token: it is not valid yet' })
  }
}

/** The token lives longer than its issuer's may. */
export class TokenLifetimeError extends IdentityError<'ERR_GATEWAY_TOKEN_LIFETIME'> {
  readonly code = 'ERR_GATEWAY_TOKEN_LIFETIME'

  constructor(maxSeconds: number) {
    super({ message: `token: it lives longer than the ${maxSeconds} seconds accepted here`, details: { maxSeconds } })
  }
}

/** A claim is missing or not of its type. */
export class TokenClaimError extends IdentityError<'ERR_GATEWAY_TOKEN_CLAIM'> {
  readonly code = 'ERR_GATEWAY_TOKEN_CLAIM'

  constructor(claim: string) {
    super({ message: `token: its claim \`${claim}\` is missing or not acceptable`, details: { claim } })
  }
}

/** The identity provider, or its keys, cannot be reached, and nothing kept is recent enough. */
export class IssuerUnavailableError extends IdentityError<'ERR_GATEWAY_ISSUER_UNAVAILABLE'> {
  readonly code = 'ERR_GATEWAY_ISSUER_UNAVAILABLE'

  constructor(issuer: string, cause?: unknown) {
    const message = `issuer \`${issuer}\`: it cannot be asked at the moment`
    super({ message, retryable: true, details: { issuer }, cause })
  }
}

/** No issuer of the configuration takes client id and secret. */
export class ClientSecretUnsupportedError extends IdentityError<'ERR_GATEWAY_CLIENT_SECRET_UNSUPPORTED'> {
  readonly code = 'ERR_GATEWAY_CLIENT_SECRET_UNSUPPORTED'

  constructor() {
    super({ message: 'client secret: signing in with one is not configured here' })
  }
}

/** The identity provider refused client id and secret, or what was asked for with them. */
export class ClientSecretRefusedError extends IdentityError<'ERR_GATEWAY_CLIENT_SECRET_REFUSED'> {
  readonly code = 'ERR_GATEWAY_CLIENT_SECRET_REFUSED'

  constructor(issuer: string, reason: string) {
    super({ message: `client secret: issuer \`${issuer}\` refused it (${reason})`, details: { issuer, reason } })
  }
}

/** So many identities are being verified that this one is not even queued. */
export class AuthenticatorBusyError extends IdentityError<'ERR_GATEWAY_AUTHENTICATOR_BUSY'> {
  readonly code = 'ERR_GATEWAY_AUTHENTICATOR_BUSY'

  constructor() {
    super({ message: 'sign-in: too many at once, try again', retryable: true })
  }
}
