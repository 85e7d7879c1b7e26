import type { Clock } from '@headgate/core'
import type { KafkaConfig as KafkajsConfig } from '#kafkajs'
import type { IdentitySource } from '../identity/identity-source.ts'

/** A certificate and its private key: PEM texts or the paths of files. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

/** How a client finds its gateway, trusts its policy and proves who it is. Each can come from the environment instead. */
export interface HeadgateOptions {
  /** The gateway's HTTPS address (`HEADGATE_GATEWAY`); the addresses for Kafka are learned there. */
  readonly gateway?: string
  /** RFC 7638 thumbprints of the keys that may sign this client's policy, current and next (`HEADGATE_BUNDLE_KEYS`). */
  readonly bundleKeys?: readonly string[]
  /** Where this service's identity comes from (`HEADGATE_TOKEN_FILE`, or `HEADGATE_ISSUER` and its companions). */
  readonly identity?: IdentitySource
  /** The authority of the gateway's certificates: PEM text or a file's path (`HEADGATE_CA`). */
  readonly ca?: string
  /**
   * This service's own certificate and its key, where the gateway binds tokens to certificates: PEM texts or the paths of files
   * (`HEADGATE_CLIENT_CERT` and `HEADGATE_CLIENT_KEY`). It is shown to the gateway alone.
   */
  readonly clientCertificate?: ClientCertificate
  /** Allows connections without TLS to this machine, for development (`HEADGATE_INSECURE=true`). */
  readonly insecure?: boolean
  /** Refuses options of kafkajs that are not used, where a warning is not enough (`HEADGATE_STRICT=true`). */
  readonly strict?: boolean
  /** Whether spans are made when an OpenTelemetry SDK is registered; `true` when absent. */
  readonly tracing?: boolean
  /** The source of time; that of the machine when absent. */
  readonly clock?: Clock
}

/**
 * kafkajs's own configuration and `headgate`.
 *
 * `brokers`, `ssl`, `sasl` and `socketFactory` may stay in the code: they are not used, and one warning says what takes
 * their place; with `headgate.strict` that is an error.
 */
export interface KafkaConfig extends Omit<KafkajsConfig, 'brokers'> {
  readonly brokers?: KafkajsConfig['brokers']
  readonly headgate?: HeadgateOptions
}

/** Options that are complete: from the code, and from the environment where the code is silent. */
export interface ResolvedOptions {
  readonly gateway: URL
  readonly bundleKeys: readonly string[]
  readonly identity: IdentitySource
  /** PEM text or a file's path. */
  readonly ca: string | undefined
  readonly clientCertificate?: ClientCertificate | undefined
  readonly insecure: boolean
}
