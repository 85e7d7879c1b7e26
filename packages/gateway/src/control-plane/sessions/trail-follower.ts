import { type AuditFilePort, type AuditWriter, readTrail, TRAIL_START, type TrailCursor } from '@headgate/audit'
import type { Clock, ClockTimer, LogPort } from '@headgate/core'
import type { SessionIndex } from './session-index.ts'

const RETRY_MS = 5_000
/** So much is taken in by one transaction, so that others have the store in between. */
const PART_BYTES = 128 * 1024

/** What {@link TrailFollower} needs. */
export interface TrailFollowerOptions {
  readonly trail: { readonly folder: string; readonly files: AuditFilePort; readonly writer: AuditWriter }
  readonly index: () => Promise<SessionIndex>
  readonly log: LogPort
  readonly clock: Clock
}

/**
 * Takes the trail of this gateway into the index, line after line, as it becomes durable.
 *
 * What fails is tried again from where the index is; nothing is skipped.
 */
export class TrailFollower {
  readonly #options: TrailFollowerOptions
  readonly #unsubscribe: () => void
  #cursor: TrailCursor | undefined
  #running: Promise<void> | undefined
  #isBehind = false
  #isClosed = false
  #retry: ClockTimer | undefined

  constructor(options: TrailFollowerOptions) {
    this.#options = options
    this.#unsubscribe = options.trail.writer.onDurable(() => this.#follow())
    this.#follow()
  }

  /** Resolves when everything that is durable now has been taken in, or could not be. */
  async caughtUp(): Promise<void> {
    await this.#options.trail.writer.flush()
    this.#follow()
    await this.#running
  }

  /** Takes in what is durable, and ends. */
  async close(): Promise<void> {
    await this.caughtUp()
    this.#isClosed = true
    this.#unsubscribe()
    this.#retry?.cancel()
    await this.#running
  }

  #follow(): void {
    this.#isBehind = true
    if (this.#isClosed) return
    this.#retry?.cancel()
    this.#running ??= this.#takeAll()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  async #takeAll(): Promise<void> {
    const { trail, index: openIndex } = this.#options
    const { folder, files, writer } = trail
    const index = await openIndex()
    this.#cursor ??= (await index.cursorOf(writer.writer)) ?? TRAIL_START
    while (this.#isBehind) {
      this.#isBehind = false
      for (;;) {
        const part = await readTrail(folder, this.#cursor, { files, maxBytes: PART_BYTES, until: writer.durableEnd })
        if (part.lines.length === 0) break
        await index.take(writer.writer, part.lines, part.next)
        this.#cursor = part.next
      }
    }
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return
    const { log, clock } = this.#options
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    log.error({ event: 'session-index', code }, 'the index of sessions is behind: it is tried again')
    this.#retry = clock.after(RETRY_MS, () => this.#follow())
  }
}
