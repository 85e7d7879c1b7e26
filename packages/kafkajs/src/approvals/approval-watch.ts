import type { Clock, ClockTimer } from '@headgate/core'
import { singleFlight } from '../session/single-flight.ts'
import type { ApprovalAsk, ApprovalState } from './approval-ask.ts'

/** What waits for approvals: an operation on a topic. */
export interface Hold {
  readonly topic: string
  readonly operation: ApprovalAsk['operation']
  /** The protections that want one. */
  readonly protections: readonly string[]
}

/** What a watch needs. */
export interface ApprovalWatchOptions {
  readonly clock: Clock
  /** The newest asks about a topic, of every protection; nothing where the gateway tells of none. */
  readonly list: (topic: string) => Promise<readonly ApprovalAsk[] | undefined>
  /** Whether anybody waits still. */
  readonly isNeeded: () => boolean
  readonly changed: (ask: ApprovalAsk, from: ApprovalState | undefined) => void
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
const waits: ReadonlySet<ApprovalState> = new Set(['pending', 'approved'])

/** Asks the gateway how the approvals of one hold stand, with growing pauses, as long as one is awaited. */
export class ApprovalWatch {
  #hold: Hold
  readonly #options: ApprovalWatchOptions
  readonly #states = new Map<string, ApprovalState>()
  #asks: readonly ApprovalAsk[] = []
  #pauseMs = FIRST_PAUSE_MS
  #timer: ClockTimer | undefined
  /** Whether nothing is awaited any more: all is approved, or something has been refused. */
  #isSettled = false

  /** Asks once, now. A failure is taken for no news. */
  readonly look: () => Promise<void>
  readonly #run: () => Promise<void>

  constructor(hold: Hold, options: ApprovalWatchOptions) {
    this.#hold = hold
    this.#options = options
    this.look = singleFlight(() => this.#look())
    this.#run = singleFlight(() => this.#runOnce())
  }

  /** The asks that count now. */
  get asks(): readonly ApprovalAsk[] {
    return this.#asks
  }

  /** Watches while something is awaited, by the newest policy's words; `anew`: also what has been settled. */
  start(hold: Hold, anew: boolean): void {
    this.#hold = hold
    if (anew) this.#isSettled = false
    if (this.#isSettled || this.#timer !== undefined) return
    this.#pauseMs = FIRST_PAUSE_MS
    this.#begin()
  }

  /** Asks now where it waits to ask again; also of what was given, for that can end. */
  hurry(): void {
    if (this.#isSettled && this.#asks.length === 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#pauseMs = FIRST_PAUSE_MS
    this.#begin()
  }

  #begin(): void {
    // Only an application's own logger can fail here, and nobody waits for this.
    this.#run().catch(() => {})
  }

  async #runOnce(): Promise<void> {
    this.#timer = undefined
    await this.look()
    if (this.#isSettled || !this.#options.isNeeded()) return
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)
    this.#timer = this.#options.clock.after(pauseMs, () => this.#begin())
  }

  async #look(): Promise<void> {
    const { topic, operation, protections } = this.#hold
    const listed = await this.#options.list(topic).catch(() => 'failed' as const)
    if (listed === 'failed') return
    const isOurs = (ask: ApprovalAsk): boolean =>
      ask.topic === topic && ask.operation === operation && protections.includes(ask.protection)
    const asks = listed?.filter(isOurs) ?? []
    this.#asks = asks
    const isOver = asks.some(({ state }) => state !== 'active' && !waits.has(state))
    const isGiven = asks.length === protections.length && asks.every(({ state }) => state === 'active')
    this.#isSettled = listed === undefined || isOver || isGiven
    for (const ask of asks) {
      const from = this.#states.get(ask.id)
      if (from === ask.state) continue
      this.#states.set(ask.id, ask.state)
      this.#options.changed(ask, from)
    }
  }
}
