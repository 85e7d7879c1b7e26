import { setTimeout as sleep } from 'node:timers/promises'
import { WaitedTooLongError } from './errors.ts'

/** How long and how often a condition is asked. */
export interface UntilOptions {
  /** 30 s by default. */
  readonly timeoutMs?: number
  /** 25 ms by default. */
  readonly everyMs?: number
}

/**
 * Asks again and again until the answer is neither `undefined` nor `false`, and gives that answer. A condition that throws
 * has not come true yet.
 *
 * @throws {WaitedTooLongError} `ERR_TEST_WAITED_TOO_LONG`, with the last error as cause
 */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  options: UntilOptions = {},
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 30_000
  const deadline = performance.now() + timeoutMs
  for (;;) {
    let lastError: unknown
    try {
      const answer = await condition()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    if (performance.now() > deadline) throw new WaitedTooLongError(what, timeoutMs, lastError)
    await sleep(options.everyMs ?? 25)
  }
}
