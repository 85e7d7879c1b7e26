import { expect, test } from 'vitest'
import { KafkaJSNonRetriableError, KafkaJSProtocolError } from '#kafkajs'
import { HeadgateIdentityRefusedError } from '../errors.ts'
import { denialReason } from './denial.ts'

const wrapped = (cause: Error): Error => Object.assign(new KafkaJSNonRetriableError('wrapped'), { cause })
const illegalState = (cause?: Error): Error =>
  Object.assign(new KafkaJSProtocolError({ type: 'ILLEGAL_SASL_STATE', code: 34, message: 'x' } as never), {
    ...(cause && { cause }),
  })

test('a consumer that ended because it could not sign in is one that may come back', () => {
  expect(denialReason(wrapped(illegalState()))).toBe('ILLEGAL_SASL_STATE')
  const refused = new HeadgateIdentityRefusedError({ message: 'no' })
  expect(denialReason(wrapped(refused))).toBe('ERR_KAFKAJS_IDENTITY_REFUSED')
  // What it was refused for says more than that a connection was lost over it.
  expect(denialReason(wrapped(illegalState(refused)))).toBe('ERR_KAFKAJS_IDENTITY_REFUSED')
})

test('an error of the application is not', () => {
  expect(denialReason(new TypeError('x'))).toBeUndefined()
  expect(denialReason(wrapped(new KafkaJSProtocolError({ type: 'UNKNOWN', code: -1, message: 'x' } as never)))).toBe(
    undefined,
  )
})
