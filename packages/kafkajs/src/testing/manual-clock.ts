import type { Clock } from '@headgate/core'

/** A clock that stands until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>()

  nowUnixMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, fire: () => void): { cancel(): void } {
    const timer = { at: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Lets time pass, and then what was begun meanwhile. */
  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#nowMs)) {
      this.#timers.delete(timer)
      timer.fire()
    }
    await settled()
  }
}

/** Waits until everything that needs no time is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
