import { isHeadgateError } from '@headgate/core'
import { KafkaJSConnectionError, KafkaJSSASLAuthenticationError } from '#kafkajs'
import { findCause } from '../access/find-cause.ts'
import {
  HeadgateGatewayUnreachableError,
  HeadgateIdentityRefusedError,
  HeadgateSignInRefusedError,
  HeadgateUnknownAuthorityError,
} from '../errors.ts'
import { isUntrusted } from '../http/http-client.ts'
import { printable } from '../http/json.ts'

const isRefusal = (error: Error): boolean =>
  error instanceof KafkaJSSASLAuthenticationError || error instanceof HeadgateSignInRefusedError

/** What stands in kafkajs's errors of a connection. */
interface ConnectionFailure extends Error {
  readonly broker?: string
  /** The platform's code; absent when time ran out. */
  readonly code?: string
}

function unreachable(address: string, { code = 'timeout' }: ConnectionFailure, cause: unknown): Error {
  const details = { host: address, reason: code }
  if (isUntrusted(code)) {
    return new HeadgateUnknownAuthorityError({
      message: `the certificate of the gateway's Kafka listener at \`${address}\` is not trusted (${code}): give its authority's certificate as headgate.ca or HEADGATE_CA, and use a host name that the certificate holds`,
      ...{ details, cause },
    })
  }
  return new HeadgateGatewayUnreachableError({
    message: `the gateway's Kafka listener at \`${address}\` gave no answer (${code}): the gateway itself answers, so check that this port of it can be reached from here`,
    ...{ details, cause },
  })
}

/**
 * Tells in one error what keeps a client from connecting to the gateway's Kafka listener, and what to do; kafkajs's own error,
 * after its last try, is the `cause`. What has another reason is given back as it is.
 *
 * @param addresses of the listener, for errors that name none
 */
export function explainConnectFailure(error: unknown, addresses: readonly string[] = []): unknown {
  // A token that could not be had while connecting has been explained already.
  const own = findCause(error, (cause) => isHeadgateError(cause) && !(cause instanceof HeadgateSignInRefusedError))
  if (own !== undefined) return own
  const refusal = findCause(error, isRefusal)
  if (refusal !== undefined) {
    return new HeadgateIdentityRefusedError({
      message: `the gateway's Kafka listener refused this service's token: ${printable(refusal.message)}: the token was had from this gateway a moment ago, so ask whoever runs it whether the session was revoked`,
      cause: error,
    })
  }
  const failure = findCause(error, (cause) => cause instanceof KafkaJSConnectionError) as ConnectionFailure | undefined
  return failure === undefined ? error : unreachable(failure.broker ?? addresses.join(', '), failure, error)
}
