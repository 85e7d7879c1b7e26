import type { Clock } from '@headgate/core'
import type { VerifiedBundle } from '@headgate/policy'
import { pause, pauseAfterFailureMs } from './pauses.ts'

/** What a wait at the gateway ended with. */
export interface BundleNews {
  /** Another bundle; absent where the one that is in force is still the newest. */
  readonly bundle: VerifiedBundle | undefined
  /** One of this client's asks took a step. */
  readonly hasAskStep: boolean
  /** Whether the gateway let the client wait; one that has no room for it, or does not know of it, answers at once. */
  readonly hasWaited: boolean
}

/** What a {@link BundlePush} works with. */
export interface BundlePushOptions {
  readonly clock: Clock
  /** Waits at the gateway until there is news, or for as long as it lets a client wait. */
  readonly wait: (signal: AbortSignal) => Promise<BundleNews>
  /** Takes what came; what it throws counts as a failed wait. */
  readonly take: (news: BundleNews) => void
  /** Told of each wait that failed. */
  readonly failed: (error: unknown) => void
}

// A gateway that answers faster than this is not asked faster.
const SHORTEST_WAIT_MS = 1000
const WITHOUT_PUSH_MS = 60_000

/**
 * Keeps one request waiting at the gateway, so that a change of policy is here at once.
 *
 * It is a faster way to what the refresh schedule does anyway: while it fails, the schedule goes on, and it tries again with
 * growing pauses.
 */
export class BundlePush {
  readonly #options: BundlePushOptions
  #running: AbortController | undefined

  constructor(options: BundlePushOptions) {
    this.#options = options
  }

  /** Begins, unless it has. */
  start(): void {
    if (this.#running !== undefined) return
    const running = new AbortController()
    this.#running = running
    void this.#run(running.signal)
  }

  /** Ends, and gives the waiting request up. */
  stop(): void {
    this.#running?.abort()
    this.#running = undefined
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const { error, pauseMs } = await this.#once(signal)
      if (signal.aborted) return
      failures = error === undefined ? 0 : failures + 1
      const waitMs = error === undefined ? pauseMs : pauseAfterFailureMs(failures - 1, error)
      if (waitMs > 0) await pause(this.#options.clock, waitMs, signal)
    }
  }

  async #once(signal: AbortSignal): Promise<{ readonly error?: unknown; readonly pauseMs: number }> {
    const { clock, wait, take, failed } = this.#options
    const startedMs = clock.monotonicMs()
    try {
      const news = await wait(signal)
      if (!signal.aborted) take(news)
      if (!news.hasWaited) return { pauseMs: WITHOUT_PUSH_MS * (1 + Math.random()) }
      const isQuick = clock.monotonicMs() - startedMs < SHORTEST_WAIT_MS
      return { pauseMs: isQuick ? (SHORTEST_WAIT_MS / 2) * Math.random() : 0 }
    } catch (error) {
      if (!signal.aborted) failed(error)
      return { error, pauseMs: 0 }
    }
  }
}
