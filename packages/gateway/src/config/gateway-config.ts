import type { Secret } from '@headgate/core'
import type { TokenKey } from '@headgate/masking'
import type { EnforcementModes } from '@headgate/policy'
import type { IssuerConfig, SamlIssuerConfig } from './issuer-config.ts'
import type { SigningKey } from './signing-key.ts'

/** A host and a port to connect to. */
export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** The SASL mechanisms the gateway can use towards the brokers, as Kafka spells them. */
export type UpstreamSaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** A credential the gateway signs in to the brokers with. */
export interface UpstreamSasl {
  readonly mechanism: UpstreamSaslMechanism
  readonly username: string
  readonly password: Secret<string>
}

/** Which principals an upstream credential is for. Exactly one of `subject` and `group` is given. */
export interface UpstreamCredentialMatch {
  /** The name the config gives the issuer. */
  readonly issuer: string
  readonly subject: string | undefined
  readonly group: string | undefined
}

/** A credential for some principals in place of the cluster's own. */
export interface UpstreamCredential {
  readonly match: UpstreamCredentialMatch
  readonly sasl: UpstreamSasl
}

/** How the brokers are spoken to over TLS; authority and name are always verified. */
export interface UpstreamTls {
  /** PEM of the accepted authorities; the system's when absent. */
  readonly caPem: string | undefined
  /** The name to verify in place of the host connected to. */
  readonly serverName: string | undefined
  /** The client certificate, for mTLS. */
  readonly certPem: string | undefined
  readonly keyPem: Secret<string> | undefined
}

/** The brokers behind the gateway. */
export interface ClusterConfig {
  readonly name: string
  readonly bootstrap: readonly HostAndPort[]
  /** Absent only where the config says `insecure: true`. */
  readonly tls: UpstreamTls | undefined
  readonly sasl: UpstreamSasl | undefined
  readonly credentials: readonly UpstreamCredential[]
}

/** The certificate and key of a listener. */
export interface ServerTls {
  readonly certPem: string
  readonly keyPem: Secret<string>
  /** PEM of the authorities whose certificates clients may show; absent where they are not asked for one. */
  readonly clientCaPem?: string | undefined
}

/** The ports that stand for brokers: the port of broker n is `firstPort + (n - firstId)`. */
export interface BrokerPorts {
  readonly firstPort: number
  readonly firstId: number
  readonly lastId: number
}

/**
 * The names that stand for brokers: broker n is `broker-<n>.<domain>` on the bootstrap port, told apart by the name in the
 * TLS handshake (SNI). Any number of brokers may come and go.
 */
export interface BrokerNames {
  readonly domain: string
}

/** How a client reaches one broker and not another. */
export type BrokerRouting = BrokerPorts | BrokerNames

/** Where Kafka clients connect. */
export interface ListenerConfig {
  readonly host: string
  /** The host that clients are told to connect to. */
  readonly advertisedHost: string
  /** The bootstrap port; 0 takes any free one. */
  readonly port: number
  readonly brokers: BrokerRouting
  /** Absent only where the config says `insecure: true`. */
  readonly tls: ServerTls | undefined
  /** Clients may sign in with the brokers' own credentials, as long as something is observed; absent where they may not. */
  readonly passThrough?: true
}

/** The HTTP listener: token exchange, bundle, metadata. */
export interface HttpConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** An origin, exactly as in `new URL(…).origin`; also the issuer of the gateway's tokens. */
  readonly publicUrl: string
  /** Absent only where the config says `insecure: true`. */
  readonly tls: ServerTls | undefined
}

/** A group whose members may revoke every session. */
export interface RevokerConfig {
  /** The name that the config gives the issuer. */
  readonly issuer: string
  readonly group: string
}

/** Clients that must show a certificate, and whose tokens are good on connections with that certificate only. */
export interface CertificateBoundConfig {
  /** The name that the config gives the issuer. */
  readonly issuer: string
  /** The OAuth client; all of the issuer's when absent. */
  readonly clientId: string | undefined
}

/** The gateway's own access tokens. */
export interface TokensConfig {
  readonly lifetimeSeconds: number
  /** Signs; ES256. */
  readonly signingKey: SigningKey
  /** Published, so that it is known everywhere before it signs. */
  readonly nextKey?: SigningKey | undefined
  /** Published still. A running gateway remembers by itself what signed before, one that starts does not. */
  readonly previousKey?: SigningKey | undefined
  readonly revokers: readonly RevokerConfig[]
  readonly certificateBound: readonly CertificateBoundConfig[]
  /** Names of the issuers whose tokens are exchanged once. */
  readonly oneTimeIssuers?: readonly string[]
}

/** The signed policy bundles. */
export interface BundlesConfig {
  /** Signs; Ed25519. */
  readonly currentKey: SigningKey
  /** Published, so that it is known everywhere before it signs. */
  readonly nextKey?: SigningKey | undefined
  /** Published still. A running gateway remembers by itself what signed before, one that starts does not. */
  readonly previousKey?: SigningKey | undefined
  /** RFC 7638 thumbprint of the key that comes next, which clients are given beforehand. */
  readonly nextThumbprint: string | undefined
  /** After this time a client denies everything unless it got a newer bundle. */
  readonly lifetimeSeconds: number
  /** After this time a client asks for a newer bundle. */
  readonly refreshSeconds: number
}

/** Where the policy is. */
export interface PolicyConfig {
  /** The entry file, absolute. */
  readonly path: string
  /** How often the files are looked at for a change; 0 never. */
  readonly reloadSeconds: number
}

/** How records are masked. */
export interface MaskingConfig {
  /** What tokens are made with, the current key first; the others are still recognised. */
  readonly tokenKeys: readonly TokenKey[]
}

/** Where asks and approvals are kept, so that they outlive a restart. */
export interface StoreConfig {
  /** The SQLite file, absolute; it belongs to one gateway at a time. */
  readonly path: string
}

/** The audit trail of this gateway. */
export interface AuditConfig {
  /** The folder of the segments, absolute; it belongs to one gateway at a time. */
  readonly folder: string
  /** The gateway's name in every line; the host's name by default. */
  readonly gateway: string
  /** Ed25519. */
  readonly checkpointKey: SigningKey
  /** A file that always holds the newest checkpoint: on another disk, nobody can cut the trail short unseen. */
  readonly checkpointCopy: string | undefined
  /** Segments that are older are removed. */
  readonly retentionMs: number
}

/** Bounds on what clients can make the gateway do. */
export interface LimitsConfig {
  readonly maxFrameBytes: number
  readonly maxUnauthenticatedFrameBytes: number
  readonly authenticationTimeoutMs: number
  readonly maxConnections: number
  /** At the Kafka listener, all its ports together. */
  readonly maxConnectionsPerAddress: number
  /** At the HTTP listener. */
  readonly maxHttpConnectionsPerAddress: number
  readonly idleTimeoutMs: number
  /** The longest a connection goes without signing in again, whatever its token says. */
  readonly maxReauthenticationMs: number
  /** The longest a transaction may hold up readers of committed data. */
  readonly maxTransactionTimeoutMs: number
  readonly maxConcurrentVerifications: number
  /** Failed HTTP requests of one address in a minute before it is told to wait. */
  readonly maxFailedRequestsPerMinute: number
}

/** A whole, checked configuration. Secrets are read and wrapped; files are read. */
export interface GatewayConfig {
  /** The file it came from, absolute. */
  readonly path: string
  /** That file, and every other that was read for it but the policy; absolute. */
  readonly files: readonly string[]
  readonly cluster: ClusterConfig
  readonly listener: ListenerConfig
  readonly http: HttpConfig
  readonly issuers: readonly IssuerConfig[]
  /** Absent where no SAML assertions are taken. */
  readonly samlIssuers?: readonly SamlIssuerConfig[]
  readonly tokens: TokensConfig
  readonly bundles: BundlesConfig
  readonly policy: PolicyConfig
  /** As they stand in the file when it is read; they can change while the gateway runs. Absent where everything is enforced. */
  readonly modes?: EnforcementModes
  readonly masking: MaskingConfig
  /** Absent for a store that lives in memory and ends with the process. */
  readonly store: StoreConfig | undefined
  /** Absent for a gateway that keeps no trail, and serves no topic whose access must be on record. */
  readonly audit: AuditConfig | undefined
  readonly limits: LimitsConfig
}
