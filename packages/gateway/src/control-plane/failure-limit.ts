import type { Clock } from '@headgate/core'
import type { MiddlewareHandler } from 'hono'
import { clientAddressOf } from './client-address.ts'
import { answerProblem } from './problem-answer.ts'
import { answerTokenError } from './token-answer.ts'

const WINDOW_MS = 60_000
const MAX_ADDRESSES = 10_000

interface Window {
  readonly startedMs: number
  failures: number
}

/** Counts failures of addresses in windows of a minute. */
export class FailureLimit {
  readonly #maxFailures: number
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(maxFailures: number, clock: Clock) {
    this.#maxFailures = maxFailures
    this.#clock = clock
  }

  /** Tells how long the address has to wait, 0 when it has not. */
  waitMs(address: string): number {
    const window = this.#windows.get(address)
    if (window === undefined || window.failures < this.#maxFailures) return 0
    return Math.max(0, window.startedMs + WINDOW_MS - this.#clock.monotonicMs())
  }

  /** Counts a failure. */
  count(address: string): void {
    const now = this.#clock.monotonicMs()
    const window = this.#windows.get(address)
    if (window !== undefined && now - window.startedMs < WINDOW_MS) {
      window.failures += 1
      return
    }
    this.#windows.delete(address)
    this.#windows.set(address, { startedMs: now, failures: 1 })
    const oldest = this.#windows.keys().next()
    if (this.#windows.size > MAX_ADDRESSES && oldest.done !== true) this.#windows.delete(oldest.value)
  }
}

/** Creates the middleware that makes an address wait after too many refused requests. */
export function limitFailures(limit: FailureLimit): MiddlewareHandler {
  return async (c, next) => {
    const address = clientAddressOf(c)
    const waitMs = limit.waitMs(address)
    if (waitMs > 0) {
      c.header('Retry-After', String(Math.ceil(waitMs / 1_000)))
      const description = 'too many refused requests from this address'
      return ['/token', '/revoke'].includes(c.req.path)
        ? answerTokenError(c, { error: 'temporarily_unavailable', description }, 429)
        : answerProblem(c, { status: 429, title: description, code: 'ERR_GATEWAY_HTTP_TOO_MANY_FAILURES' })
    }
    await next()
    if (c.res.status === 400 || c.res.status === 401) limit.count(address)
    return undefined
  }
}
