import type { Clock } from '@headgate/core'
import { HeadgateGatewayUnreachableError } from '../errors.ts'
import { retryAfterMsOf } from '../http/failure.ts'

const FIRST_MS = 1000
const LONGEST_MS = 30_000

/**
 * How long to wait after the n-th failure in a row (from 0): longer each time, and at random between half and the whole, so that
 * clients that failed together do not come together again; never shorter than the server asked for.
 */
export function pauseAfterFailureMs(failures: number, error: unknown): number {
  const longestMs = Math.min(FIRST_MS * 2 ** failures, LONGEST_MS)
  const randomly = 1 + Math.random()
  return (retryAfterMsOf(error) * (1 + randomly)) / 2 + (longestMs / 2) * randomly
}

/** Waits, or less where the signal ends it. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(ms, end)
    signal.addEventListener('abort', end)
  })
}

/** Tries in all, by why the one before failed. */
const MAX_TRIES = { asked: 5, busy: 5, silent: 2, other: 1 } as const

function kindOf(error: unknown): keyof typeof MAX_TRIES {
  if (retryAfterMsOf(error) > 0) return 'asked'
  const isTimeout = error instanceof HeadgateGatewayUnreachableError && error.details['reason'] === 'timeout'
  if (!isTimeout) return 'other'
  return error.details['wasConnected'] === true ? 'busy' : 'silent'
}

/**
 * Tries again what failed because a gateway asked to be left alone for a while, or took the connection and then was too slow, as one is
 * where a whole fleet starts; once more where nothing was there at all; anything else is thrown at once.
 */
export async function retryWhenAsked(clock: Clock, run: () => Promise<void>): Promise<void> {
  const never = new AbortController().signal
  for (let failures = 0; ; failures += 1) {
    try {
      return await run()
    } catch (error) {
      if (failures + 1 >= MAX_TRIES[kindOf(error)]) throw error
      await pause(clock, pauseAfterFailureMs(failures, error), never)
    }
  }
}
