import type { ErrorDetails } from '@headgate/core'
import { KafkaJSError, KafkaJSNonRetriableError } from '#kafkajs'

// The brand of @headgate/core: these errors must stand in kafkajs's own class tree, so they carry it instead of the base.
const BRAND: unique symbol = Symbol.for('@headgate/error')

/** What an error of this package is made from: a sentence that says what happened and what to do. */
export interface ClientErrorOptions {
  readonly message: string
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

function describe(error: KafkaJSError, name: string, options: ClientErrorOptions): void {
  const hidden = { writable: true, configurable: true }
  Object.defineProperties(error, {
    name: { ...hidden, value: name },
    cause: { ...hidden, value: options.cause },
    [BRAND]: { value: true },
  })
}

/** The base of what fails the same way until something is changed: kafkajs does not retry it. */
export abstract class HeadgateClientError<Code extends string = string> extends KafkaJSNonRetriableError {
  /** The stable code of the condition, `ERR_KAFKAJS_<CONDITION>`; match on it, never on the message. */
  abstract readonly code: Code
  /** Always `false`: the same call fails again until something is changed. */
  readonly retryable: boolean = false
  /** Frozen scalars about the condition; never a record's key or value, a token or a secret. */
  readonly details: ErrorDetails

  constructor(options: ClientErrorOptions) {
    super(options.message)
    this.details = Object.freeze({ ...options.details })
    describe(this, new.target.name, options)
  }
}

/** The base of what may pass later without a change: kafkajs retries it as it retries a lost connection. */
export abstract class HeadgateRetriableError<Code extends string = string> extends KafkaJSError {
  /** The stable code of the condition, `ERR_KAFKAJS_<CONDITION>`; match on it, never on the message. */
  abstract readonly code: Code
  /** Always `true`: the same call may succeed later. */
  readonly retryable: boolean = true
  /** Frozen scalars about the condition; never a record's key or value, a token or a secret. */
  readonly details: ErrorDetails

  constructor(options: ClientErrorOptions) {
    super(options.message, { retriable: true })
    this.details = Object.freeze({ ...options.details })
    describe(this, new.target.name, options)
  }
}

/** An option or environment variable is missing, contradicts another one or cannot be read. */
export class HeadgateConfigurationError extends HeadgateClientError<'ERR_KAFKAJS_CONFIGURATION'> {
  readonly code = 'ERR_KAFKAJS_CONFIGURATION'
}

/** Options are in the code that are not used, and `strict` wants none. */
export class HeadgateUnusedOptionsError extends HeadgateClientError<'ERR_KAFKAJS_UNUSED_OPTIONS'> {
  readonly code = 'ERR_KAFKAJS_UNUSED_OPTIONS'
}

/** No gateway address was given. */
export class HeadgateGatewayMissingError extends HeadgateClientError<'ERR_KAFKAJS_GATEWAY_MISSING'> {
  readonly code = 'ERR_KAFKAJS_GATEWAY_MISSING'
}

/** An address would be reached without TLS, and that was not allowed or is not on this machine. */
export class HeadgateInsecureAddressError extends HeadgateClientError<'ERR_KAFKAJS_INSECURE_ADDRESS'> {
  readonly code = 'ERR_KAFKAJS_INSECURE_ADDRESS'
}

/** The gateway did not answer, or answered that it cannot serve now. */
export class HeadgateGatewayUnreachableError extends HeadgateRetriableError<'ERR_KAFKAJS_GATEWAY_UNREACHABLE'> {
  readonly code = 'ERR_KAFKAJS_GATEWAY_UNREACHABLE'
}

/** The certificate of the gateway or of the identity provider is not one that this process trusts. */
export class HeadgateUnknownAuthorityError extends HeadgateClientError<'ERR_KAFKAJS_UNKNOWN_CA'> {
  readonly code = 'ERR_KAFKAJS_UNKNOWN_CA'
}

/** The gateway's answer is not what a Headgate gateway answers, or names another gateway. */
export class HeadgateGatewayAnswerError extends HeadgateClientError<'ERR_KAFKAJS_GATEWAY_ANSWER'> {
  readonly code = 'ERR_KAFKAJS_GATEWAY_ANSWER'
}

/** The identity source cannot give a token now. */
export class HeadgateIdentityUnavailableError extends HeadgateRetriableError<'ERR_KAFKAJS_IDENTITY_UNAVAILABLE'> {
  readonly code = 'ERR_KAFKAJS_IDENTITY_UNAVAILABLE'
}

/** The identity provider or the gateway refused this service's identity. */
export class HeadgateIdentityRefusedError extends HeadgateClientError<'ERR_KAFKAJS_IDENTITY_REFUSED'> {
  readonly code = 'ERR_KAFKAJS_IDENTITY_REFUSED'
}

/** The gateway's Kafka listener did not take a token; the next try is made with a new one. */
export class HeadgateSignInRefusedError extends HeadgateRetriableError<'ERR_KAFKAJS_SIGN_IN_REFUSED'> {
  readonly code = 'ERR_KAFKAJS_SIGN_IN_REFUSED'

  constructor(cause: Error) {
    super({ message: `the gateway did not take the token: ${cause.message}: trying once more with a new one`, cause })
  }
}

/** The policy bundle is not signed by a configured key, is not for this client, or is older than one already seen. */
export class HeadgateBundleRefusedError extends HeadgateClientError<'ERR_KAFKAJS_BUNDLE_REFUSED'> {
  readonly code = 'ERR_KAFKAJS_BUNDLE_REFUSED'
}

/** The last policy bundle has expired and no new one could be had: until one is, everything is denied. */
export class HeadgateBundleExpiredError extends HeadgateRetriableError<'ERR_KAFKAJS_BUNDLE_EXPIRED'> {
  readonly code = 'ERR_KAFKAJS_BUNDLE_EXPIRED'
}

/** No rule of the policy speaks of this service. */
export class HeadgateNoRuleError extends HeadgateClientError<'ERR_KAFKAJS_NO_RULE'> {
  readonly code = 'ERR_KAFKAJS_NO_RULE'
}

/** A topic that the policy grants is not there, or cannot be read now. */
export class HeadgateTopicMissingError extends HeadgateClientError<'ERR_KAFKAJS_TOPIC_MISSING'> {
  readonly code = 'ERR_KAFKAJS_TOPIC_MISSING'
}

/** The gateway refuses what the policy that this client has allows. */
export class HeadgateDisagreementError extends HeadgateClientError<'ERR_KAFKAJS_DISAGREEMENT'> {
  readonly code = 'ERR_KAFKAJS_DISAGREEMENT'
}

/** A broker address was announced that is not the gateway's; no connection was made. */
export class HeadgateAddressRefusedError extends HeadgateClientError<'ERR_KAFKAJS_ADDRESS_REFUSED'> {
  readonly code = 'ERR_KAFKAJS_ADDRESS_REFUSED'
}
