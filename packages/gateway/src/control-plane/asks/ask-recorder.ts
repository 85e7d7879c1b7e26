import type { Clock, ClockTimer, LogPort } from '@headgate/core'
import type { Ask, AskStep } from './ask.ts'
import type { AskTable, RecordedAsk } from './ask-table.ts'

/** Puts a step of an ask on the audit record; resolves when it is there to stay. */
export type AskSink = (ask: Ask, step: AskStep) => Promise<void>

/** What an {@link AskRecorder} needs. */
export interface AskRecorderOptions {
  readonly sink: AskSink
  readonly log: LogPort
  readonly clock: Clock
}

const RETRY_MS = 1_000

/**
 * Tells the audit every step of every ask, in order.
 *
 * The steps are in the store with the ask, and so is the last one that the audit has taken: what a failure or the end of
 * the process came between is told afterwards. A step may so be told twice, never not at all; (ask, revision) names it.
 */
export class AskRecorder {
  readonly #options: AskRecorderOptions
  readonly #table: AskTable
  readonly #waiting = new Map<string, RecordedAsk>()
  #running: Promise<void> | undefined
  #retry: ClockTimer | undefined
  #isClosed = false

  constructor(table: AskTable, options: AskRecorderOptions) {
    this.#table = table
    this.#options = options
  }

  /** Takes an ask whose steps after `recordedRevision` are to be told. */
  take(ask: Ask, recordedRevision: number): void {
    const known = this.#waiting.get(ask.id)
    if (known !== undefined && known.ask.revision >= ask.revision) return
    this.#waiting.set(ask.id, { ask, recordedRevision: known?.recordedRevision ?? recordedRevision })
    if (this.#retry === undefined) this.#run()
  }

  /** Ends after the step that is being told; the rest is told at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#retry?.cancel()
    await this.#running
  }

  #run(): void {
    if (this.#running !== undefined || this.#isClosed) return
    this.#running = this.#drain().then(() => {
      this.#running = undefined
      // What was taken between the last look and now.
      if (this.#waiting.size > 0 && this.#retry === undefined) this.#run()
    })
  }

  async #drain(): Promise<void> {
    for (;;) {
      const [entry] = this.#waiting.values()
      if (entry === undefined || this.#isClosed) return
      if (!(await this.#tell(entry))) return this.#tryLater()
      this.#settle(entry.ask)
    }
  }

  #settle({ id, revision }: Ask): void {
    const newest = this.#waiting.get(id)
    if (newest === undefined || newest.ask.revision === revision) this.#waiting.delete(id)
    else this.#waiting.set(id, { ask: newest.ask, recordedRevision: revision })
  }

  #tryLater(): void {
    this.#retry = this.#options.clock.after(RETRY_MS, () => {
      this.#retry = undefined
      this.#run()
    })
  }

  async #tell({ ask, recordedRevision }: RecordedAsk): Promise<boolean> {
    try {
      for (const step of ask.steps) if (step.revision > recordedRevision) await this.#options.sink(ask, step)
      await this.#table.markRecorded(ask.id, ask.revision)
      return true
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown'
      this.#options.log.error(
        { event: 'ask', error: name, reason: 'not recorded' },
        'a step is not on the audit record yet',
      )
      return false
    }
  }
}
