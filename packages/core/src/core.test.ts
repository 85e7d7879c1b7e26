import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { HeadgateError, isHeadgateError } from './errors.ts'
import { shownFields } from './log.ts'
import { Secret } from './secret.ts'

class TornError extends HeadgateError<'ERR_CORE_TORN'> {
  readonly code = 'ERR_CORE_TORN'
}
class OtherError extends HeadgateError<'ERR_CORE_OTHER'> {
  readonly code = 'ERR_CORE_OTHER'
}

test('an error carries its code, its class name, frozen details and its cause', () => {
  const cause = new Error('inner')
  const error = new TornError({ message: 'torn', details: { bytes: 3 }, cause })

  expect(error).toMatchObject({ name: 'TornError', code: 'ERR_CORE_TORN', retryable: false, cause })
  expect(Object.isFrozen(error.details)).toBe(true)
})

test('the brand is recognised across two copies of the package, and a subclass is not mistaken for another', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('@headgate/error')]: true })
  const torn = new TornError({ message: 'torn' })

  expect(isHeadgateError(foreign)).toBe(true)
  expect(foreign instanceof HeadgateError).toBe(true)
  expect(torn instanceof OtherError).toBe(false)
  expect(torn instanceof TornError).toBe(true)
  expect(new Error('plain') instanceof HeadgateError).toBe(false)
})

test('a secret shows itself in no printed form', () => {
  const secret = new Secret('hunter2')

  expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret, { showHidden: true })}`).not.toContain('hunter2')
  expect(secret.reveal()).toBe('hunter2')
})

test('of a log line those members are shown that it has, in the order that is asked for', () => {
  const line = { code: 'C', reason: '', ruleIds: ['a', 'b'], count: 0, event: 'denial' }

  expect(shownFields(line, ['event', 'principal', 'ruleIds', 'reason', 'count'])).toEqual([
    ['event', ['denial']],
    ['ruleIds', ['a', 'b']],
    ['count', ['0']],
  ])
  expect(shownFields({ ruleIds: [] }, ['ruleIds'])).toEqual([])
})
