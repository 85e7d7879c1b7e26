import type { Clock } from '@headgate/core'
import { expect, test } from 'vitest'
import { HeadgateGatewayUnreachableError } from '../errors.ts'
import { retryWhenAsked } from './pauses.ts'

function unreachable(details: Readonly<Record<string, string | number | boolean>>): Error {
  return new HeadgateGatewayUnreachableError({ message: 'no answer', details })
}

/** A clock on which no time passes; it tells how long was waited. */
function clockOf(waits: number[]): Clock {
  return {
    nowUnixMs: () => 0,
    monotonicMs: () => 0,
    after: (ms, fire) => {
      waits.push(ms)
      queueMicrotask(fire)
      return { cancel: () => {} }
    },
  }
}

test.each([
  ['asks to be left alone', { reason: 'HTTP 503', retryAfterMs: 1_000 }, 5],
  ['takes the connection and then no answer comes in time', { reason: 'timeout', wasConnected: true }, 5],
  ['takes no connection in time', { reason: 'timeout', wasConnected: false }, 2],
  ['is not there', { reason: 'ECONNREFUSED', wasConnected: false }, 1],
])('a gateway that %s is tried so many times, after growing random pauses', async (_what, details, tries) => {
  const waits: number[] = []
  let tried = 0
  const failure = unreachable(details)
  const run = async (): Promise<never> => {
    tried += 1
    throw failure
  }
  await expect(retryWhenAsked(clockOf(waits), run)).rejects.toBe(failure)
  expect([tried, waits.length]).toEqual([tries, tries - 1])
  for (const [n, ms] of waits.entries()) expect(ms).toBeGreaterThanOrEqual(500 * 2 ** n)
})
