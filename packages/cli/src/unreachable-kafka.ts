import { isHeadgateError } from '@headgate/core'
import { KafkaUnreachableError } from './errors.ts'

/**
 * What stops Kafka from being reached is told with the address that the user gave; any other error as it is. By its code: the
 * testkit brings a copy of the gateway of its own, whose classes are others.
 */
export function withKafkaAddress(error: unknown, kafka: string): unknown {
  if (!isHeadgateError(error) || !error.code.endsWith('_UPSTREAM_UNREACHABLE')) return error
  return new KafkaUnreachableError(kafka, error)
}
