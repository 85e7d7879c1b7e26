/** A timer that can be taken back. */
export interface ClockTimer {
  /** Takes the timer back; does nothing once it has fired. */
  cancel(): void
}

/** The only source of time in Headgate, so that tests can own it. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. */
  nowUnixMs(): number
  /** Milliseconds since an arbitrary point; never goes back. */
  monotonicMs(): number
  /**
   * Calls `fire` once after `delayMs`. The timer keeps no process alive.
   *
   * Delays above what a platform timer can hold (2^31 - 1 ms) are taken in steps.
   */
  after(delayMs: number, fire: () => void): ClockTimer
}

const MAX_TIMER_MS = 2_147_483_647

function systemAfter(delayMs: number, fire: () => void): ClockTimer {
  let handle: NodeJS.Timeout
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(Math.max(leftMs, 0), MAX_TIMER_MS)
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fire()), stepMs)
    handle.unref()
  }
  arm(delayMs)
  return { cancel: () => clearTimeout(handle) }
}

/** The clock of the machine. */
export const systemClock: Clock = Object.freeze({
  nowUnixMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: systemAfter,
})
