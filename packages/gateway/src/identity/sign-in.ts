import type { Principal } from '@headgate/policy'
import type { SubjectTokenMark } from './subject-tokens.ts'

/** By what a client proved who it is. */
export type SignInSource = 'gateway-token' | 'idp-token' | 'client-secret' | 'saml-assertion' | 'brokers'

/** Where a token came from, as far as it is known. */
export interface SignInOrigin {
  readonly address: string
  /** What the client calls itself to Kafka; data, never authority. */
  readonly kafkaClientId?: string | undefined
  /** SHA-256 of the certificate that the client has shown on this connection (`x5t#S256`). */
  readonly certificateThumbprint?: string | undefined
}

/** A verified identity and how long it is good for. */
export interface SignIn {
  readonly principal: Principal
  /** Spans tokens, sockets and re-authentications of one client. */
  readonly sessionId: string
  /** When the verified token was issued, by its issuer's clock. */
  readonly issuedAtUnixMs: number
  /** The end of the verified token; never prolonged. `Infinity` where the brokers name none. */
  readonly expiresAtUnixMs: number
  readonly source: SignInSource
  /** The policy revision below which this identity must not be decided on; 0 when it names none. */
  readonly minimumRevision: number
  /** The OAuth client that the token was issued to, where the token says so. */
  readonly clientId: string | undefined
  /** What the issuer calls the token (`jti`), where it says so. */
  readonly tokenId?: string | undefined
  /** The identity provider's token that stands behind it, where there is one that could be shown again. */
  readonly subjectToken?: SubjectTokenMark | undefined
  /** The certificate that the token is bound to (RFC 8705); nothing where it is a bearer token. */
  readonly certificateThumbprint?: string | undefined
}
