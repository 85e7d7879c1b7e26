import type { KafkaJSConnectionError, KafkaJSError, KafkaJSNonRetriableError, KafkaJSProtocolError } from '#kafkajs'
import * as internals from './internals.cjs'

// Errors that kafkajs exports and its types do not declare.

/** A connection was closed by the other side. */
export const KafkaJSConnectionClosedError: new (
  message: Error | string,
  metadata?: { host?: string; port?: number },
) => KafkaJSConnectionError & { readonly host: string; readonly port: number } = internals.KafkaJSConnectionClosedError

/** The group's coordinator gave this member an id to join with. */
export const KafkaJSMemberIdRequired: new (
  error: Error | string,
  metadata: { memberId: string },
) => KafkaJSProtocolError & { readonly memberId: string } = internals.KafkaJSMemberIdRequired

/** One topic of several could not be created. */
export const KafkaJSCreateTopicError: new (
  error: Error | string,
  topicName: string,
) => KafkaJSProtocolError & { readonly topic: string } = internals.KafkaJSCreateTopicError

/** A state of kafkajs that should not be possible. */
export const KafkaJSInvariantViolation: new (error: Error | string) => KafkaJSNonRetriableError =
  internals.KafkaJSInvariantViolation

/** Bytes that are no variable-length integer of 32 bits. */
export const KafkaJSInvalidVarIntError: new (error: Error | string) => KafkaJSNonRetriableError =
  internals.KafkaJSInvalidVarIntError

/** Bytes that are no variable-length integer of 64 bits. */
export const KafkaJSInvalidLongError: new (error: Error | string) => KafkaJSNonRetriableError =
  internals.KafkaJSInvalidLongError

/** A fetch was given up because the group rebalances. */
export const KafkaJSFetcherRebalanceError: new (message?: string) => Error = internals.KafkaJSFetcherRebalanceError

/** No broker is known. */
export const KafkaJSNoBrokerAvailableError: new () => KafkaJSError = internals.KafkaJSNoBrokerAvailableError
