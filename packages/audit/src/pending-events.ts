/** An event that waits to be written. */
export interface PendingEvent {
  readonly code: string
  /** As {@link encodeEvent} gave it. */
  readonly body: string
}

/** Who waits until events are durable. */
export interface Waiter {
  readonly resolve: () => void
  readonly reject: (cause: Error) => void
}

/** Events that are written together, and who waits for them; without a waiter they are kept until they are written. */
export interface PendingEntry {
  readonly events: readonly PendingEvent[]
  readonly waiter: Waiter | undefined
}

// What an entry and its strings take besides their characters.
const ENTRY_BYTES = 128

function sizeOf({ events }: PendingEntry): number {
  return events.reduce((sum, { body }) => sum + body.length, ENTRY_BYTES)
}

/** What waits to be written, bounded. */
export class PendingEvents {
  readonly #maxBytes: number
  #entries: PendingEntry[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Takes an entry; `false` when there is no room. */
  add(entry: PendingEntry): boolean {
    const bytes = sizeOf(entry)
    if (this.#bytes + bytes > this.#maxBytes) return false
    this.#entries.push(entry)
    this.#bytes += bytes
    return true
  }

  /**
   * The entries, in their order; they count as waiting until they are {@link settle}d, so that what is being written is
   * bounded too.
   */
  take(): readonly PendingEntry[] {
    const taken = this.#entries
    this.#entries = []
    return taken
  }

  /** Lets go of entries that were taken. */
  settle(entries: readonly PendingEntry[]): void {
    for (const entry of entries) this.#bytes -= sizeOf(entry)
  }

  /** Puts entries that were taken back before all others. */
  putBack(entries: readonly PendingEntry[]): void {
    this.#entries = [...entries, ...this.#entries]
  }
}
