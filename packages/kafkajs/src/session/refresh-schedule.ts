import type { Clock, ClockTimer } from '@headgate/core'
import { pauseAfterFailureMs } from './pauses.ts'

/** Runs a renewal in the background: when it is due, and again with growing pauses while it fails. */
export class RefreshSchedule {
  readonly #clock: Clock
  readonly #renew: () => Promise<void>
  #timer: ClockTimer | undefined
  #failures = 0

  constructor(clock: Clock, renew: () => Promise<void>) {
    this.#clock = clock
    this.#renew = renew
  }

  /**
   * Renews once `delayMs` has passed and up to `spreadMs` more, at random: replicas that started together are not to
   * come together again. Replaces what was planned before.
   */
  plan(delayMs: number, spreadMs: number): void {
    this.stop()
    const waitMs = Math.max(delayMs, 0) + Math.random() * spreadMs
    this.#timer = this.#clock.after(waitMs, () => void this.#run())
  }

  /** Plans nothing any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #run(): Promise<void> {
    try {
      await this.#renew()
      this.#failures = 0
    } catch (error) {
      // The renewal has told about its failure itself.
      this.plan(pauseAfterFailureMs(this.#failures++, error), 0)
    }
  }
}
