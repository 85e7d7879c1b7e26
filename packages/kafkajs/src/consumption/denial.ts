import { KafkaJSSASLAuthenticationError } from '#kafkajs'
import { HeadgateDeniedError } from '../access/denied-error.ts'
import { findCause } from '../access/find-cause.ts'
import { HeadgateIdentityRefusedError, HeadgateNoRuleError } from '../errors.ts'

/** What brokers refuse a topic and a group with. */
const REFUSALS: ReadonlySet<unknown> = new Set(['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED'])

const isDenial = (error: Error): boolean =>
  error instanceof HeadgateDeniedError ||
  error instanceof HeadgateNoRuleError ||
  // Whoever refuses an identity today may take it tomorrow.
  error instanceof HeadgateIdentityRefusedError ||
  error instanceof KafkaJSSASLAuthenticationError ||
  ('type' in error && REFUSALS.has(error.type))

const member = (error: unknown, name: 'type' | 'code'): string | undefined => {
  const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined
  return typeof value === 'string' ? value : undefined
}

/** A connection that could not be signed in: that says nothing of the next one. */
const isUnsigned = (error: Error): boolean => 'type' in error && error.type === 'ILLEGAL_SASL_STATE'

/** What a denial by the policy, here or at the gateway, is called; nothing where the error is about something else. */
export function denialReason(error: unknown): string | undefined {
  const denial = findCause(error, isDenial) ?? findCause(error, isUnsigned)
  return denial && errorReason(denial)
}

/** What an error is called; never its message, which can quote anything. */
export function errorReason(error: unknown): string {
  return member(error, 'code') ?? member(error, 'type') ?? (error instanceof Error ? error.name : 'unknown')
}
