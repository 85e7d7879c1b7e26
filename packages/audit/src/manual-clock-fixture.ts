// Test fixture: a clock that a test moves on.
import type { Clock, ClockTimer } from '@headgate/core'

interface Timer {
  readonly atMs: number
  readonly fire: () => void
}

export class ManualClock implements Clock {
  #nowMs = 0
  readonly #startUnixMs = Date.UTC(2026, 0, 1)
  readonly #timers = new Set<Timer>()

  nowUnixMs(): number {
    return this.#startUnixMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, fire: () => void): ClockTimer {
    const timer = { atMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Moves on, and fires what is due, in order. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#nowMs = due.atMs
      due.fire()
    }
    this.#nowMs = endMs
  }
}
