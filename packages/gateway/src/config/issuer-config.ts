import type { KeyObject } from 'node:crypto'
import type { PrincipalKind } from '@headgate/policy'

/** What is asked of the token endpoint when a client id and secret are exchanged there. */
export interface ClientCredentialsConfig {
  readonly scope: string | undefined
  readonly resource: string | undefined
}

/** How people sign in themselves at an issuer: told to whoever asks, so that nobody has to configure it. */
export interface LoginConfig {
  /** A public client of the issuer: device authorization grant, or code flow with PKCE on loopback. */
  readonly clientId: string
  readonly scopes: readonly string[]
  /** RFC 8707: what the token is to be for, where the issuer wants to be told. */
  readonly resource: string | undefined
}

/** The signature algorithms an issuer may be pinned to. */
export type TokenAlgorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'Ed25519'
  | 'EdDSA'

/** The `typ` header of an issuer's access tokens: RFC 9068's, or `JWT` for issuers that do not use it. */
export type TokenType = 'at+jwt' | 'JWT'

/**
 * What an issuer is: an OAuth or OpenID provider, the service accounts of a Kubernetes cluster, or the workloads of a SPIFFE
 * trust domain.
 */
export type IssuerType = 'oidc' | 'kubernetes' | 'spiffe'

/** Where a claim stands: the names from the top of the token down. */
export type ClaimPath = readonly [string, ...string[]]

/** How groups of an issuer become groups of a policy. */
export interface GroupMapping {
  /** Names for groups that the issuer states by an opaque id. */
  readonly aliases: ReadonlyMap<string, string>
  /** Names and `*` patterns of the groups, after their aliases, that the issuer may assert; every one when absent. */
  readonly assertable: readonly string[] | undefined
}

/** Bounds on what is fetched from an issuer. */
export interface IssuerReachConfig {
  /** Hosts besides the issuer's own and the one of `jwksUri` that its discovery may name. */
  readonly hosts: readonly string[]
  /** The hosts may have addresses of private networks. */
  readonly isPrivateNetworkAllowed: boolean
  /** How long known keys go on when the issuer cannot be asked. */
  readonly keysMaxStaleMs: number
  /** PEM of the authorities accepted when the issuer is asked; the system's when absent. */
  readonly caPem: string | undefined
  /** Where the keys are; found by discovery when absent. */
  readonly jwksUri: string | undefined
  /** `true` where the issuer is reached without TLS, which the config allows on loopback or by `insecure: true`. */
  readonly isPlaintextAllowed: boolean
}

/** An identity provider whose tokens are accepted. */
export interface IssuerConfig extends IssuerReachConfig {
  /** The name that policies and principals use. */
  readonly name: string
  readonly type: IssuerType
  /** Compared with `iss` byte by byte; of a trust domain its SPIFFE id, which subjects begin with. */
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly TokenAlgorithm[]
  readonly tokenType: TokenType
  /** The OAuth clients whose access tokens are taken; every one when absent. */
  readonly clients: readonly string[] | undefined
  /** The OAuth clients whose ID tokens can be exchanged. */
  readonly idTokenClients: readonly string[]
  /** Claims that must be there with one of these values. */
  readonly requiredClaims: ReadonlyMap<string, readonly string[]>
  readonly subjectClaim: ClaimPath
  /** The claim that lists groups; absent means that groups are unknown. */
  readonly groupsClaim: ClaimPath | undefined
  readonly groups: GroupMapping
  /** What stands behind its principals; absent means that it is not told. */
  readonly kind: PrincipalKind | undefined
  /** The top-level claims that rules may ask for, by the names that policies have for them. */
  readonly claims: Readonly<Record<string, string>>
  /** Present when client id and secret may be exchanged at this issuer. */
  readonly clientCredentials: ClientCredentialsConfig | undefined
  /** Present when people sign in at this issuer by `headgate login`. */
  readonly login: LoginConfig | undefined
  /** A token that lives longer is refused. */
  readonly maxTokenLifetimeSeconds: number
  /** How far the issuer's clock may be ahead. */
  readonly clockToleranceSeconds: number
}

/** An identity provider whose SAML 2 assertions are taken at the token endpoint. */
export interface SamlIssuerConfig {
  /** The name that policies and principals use; no other issuer of any kind has it. */
  readonly name: string
  /** Compared with the assertion's `Issuer` byte by byte. */
  readonly entityId: string
  /** The public keys of its certificates: the current one, and the one that comes next. */
  readonly keys: readonly KeyObject[]
  readonly audiences: readonly string[]
  /** The accepted formats of `NameID`, as URNs. */
  readonly nameIdFormats: readonly string[]
  /** The attribute that lists groups; absent means that groups are unknown. */
  readonly groupsAttribute: string | undefined
  readonly groups: GroupMapping
  /** What stands behind its principals; absent means that it is not told. */
  readonly kind: PrincipalKind | undefined
  /** The attributes that rules may ask for, by the names that policies have for them. */
  readonly claims: Readonly<Record<string, string>>
  /** An assertion that was issued longer ago is refused. */
  readonly maxAgeSeconds: number
}
