/** What a token exchange can be asked with: the last part of RFC 8693's token type (section 3). */
export type SubjectTokenType = 'access_token' | 'id_token' | 'jwt' | 'saml2'

/** A token that is to be exchanged, and what its bearer says it is; nothing of it is verified. */
export interface SubjectToken {
  readonly type: SubjectTokenType
  readonly token: string
}
