import type { Clock, ClockTimer } from '@headgate/core'

/** Looks at least this often, since the wall clock may be set while a timer runs by another. */
const MAX_WAIT_MS = 30_000

/** Wakes when something is due, one timer for all of them. */
export class AskAlarm {
  readonly #clock: Clock
  readonly #wake: (ids: readonly string[]) => void
  readonly #dueAt = new Map<string, number>()
  #timer: { readonly atUnixMs: number; readonly timer: ClockTimer } | undefined

  constructor(clock: Clock, wake: (ids: readonly string[]) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  /** Sets when an id is due; `undefined` takes it off. */
  set(id: string, dueAtUnixMs: number | undefined): void {
    if (dueAtUnixMs === undefined) this.#dueAt.delete(id)
    else this.#dueAt.set(id, dueAtUnixMs)
    this.#arm()
  }

  close(): void {
    this.#dueAt.clear()
    this.#arm()
  }

  #arm(): void {
    const atUnixMs = this.#next()
    if (atUnixMs !== undefined && this.#timer !== undefined && this.#timer.atUnixMs <= atUnixMs) return
    this.#timer?.timer.cancel()
    this.#timer = undefined
    if (atUnixMs === undefined) return
    const timer = this.#clock.after(Math.max(0, atUnixMs - this.#clock.nowUnixMs()), () => this.#ring())
    this.#timer = { atUnixMs, timer }
  }

  #next(): number | undefined {
    if (this.#dueAt.size === 0) return undefined
    let next = this.#clock.nowUnixMs() + MAX_WAIT_MS
    for (const dueAtUnixMs of this.#dueAt.values()) next = Math.min(next, dueAtUnixMs)
    return next
  }

  #ring(): void {
    this.#timer = undefined
    const now = this.#clock.nowUnixMs()
    const due = [...this.#dueAt].flatMap(([id, dueAtUnixMs]) => (dueAtUnixMs <= now ? [id] : []))
    // Whoever is woken sets them anew, or takes them off.
    for (const id of due) this.#dueAt.delete(id)
    this.#arm()
    if (due.length > 0) this.#wake(due)
  }
}
