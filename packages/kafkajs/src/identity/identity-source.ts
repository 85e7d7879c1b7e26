import { type Clock, Secret } from '@headgate/core'

/** The token types that a gateway exchanges, by their RFC 8693 names. */
export const TokenType = {
  ACCESS_TOKEN: 'urn:ietf:params:oauth:token-type:access_token',
  ID_TOKEN: 'urn:ietf:params:oauth:token-type:id_token',
  JWT: 'urn:ietf:params:oauth:token-type:jwt',
  SAML2: 'urn:ietf:params:oauth:token-type:saml2',
} as const

/** One of {@link TokenType}. */
export type TokenType = (typeof TokenType)[keyof typeof TokenType]

/** A token that proves who this service is. */
export interface IdentityToken {
  readonly token: Secret<string>
  readonly type: TokenType
}

/** What an identity source is given at each call. */
export interface IdentityContext {
  readonly clock: Clock
  /** Whether plain HTTP to this machine was allowed. */
  readonly insecure: boolean
}

/**
 * Where this service's identity comes from; made by `clientCredentials`, `tokenFile`, `tokenCallback` or
 * `samlAssertion`.
 *
 * A source gives a token that is valid now, and keeps one as long as that is so.
 */
export interface IdentitySource {
  readonly kind: string
  getToken(context: IdentityContext): Promise<IdentityToken>
  /** Forgets a kept token: the gateway refused it. */
  forget?(): void
}

/** Makes a text an identity token; the XML of an assertion is encoded as RFC 8693 wants it, other texts stay as they are. */
export function identityToken(text: string, type: TokenType): IdentityToken {
  const isXml = type === TokenType.SAML2 && text.startsWith('<')
  return { token: new Secret(isXml ? Buffer.from(text).toString('base64url') : text), type }
}
