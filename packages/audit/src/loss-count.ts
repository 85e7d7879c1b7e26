import type { AuditLoss, AuditLost } from './event.ts'

/** Counts by code. */
type Counts = Map<string, number>

function listOf(counts: Counts): AuditLoss[] {
  return [...counts].map(([code, count]) => ({ code, count })).sort((one, other) => (one.code < other.code ? -1 : 1))
}

function add(counts: Counts, code: string, count: number): void {
  counts.set(code, (counts.get(code) ?? 0) + count)
}

/** Counts what could not be kept, until the trail tells of it. */
export class LossCount {
  readonly #lost: Counts = new Map()
  readonly #refused: Counts = new Map()
  #since = ''

  get isEmpty(): boolean {
    return this.#lost.size === 0 && this.#refused.size === 0
  }

  /** Counts an event that is gone, or one whose recording was refused. */
  add(kind: 'lost' | 'refused', code: string, time: string): void {
    if (this.isEmpty) this.#since = time
    add(kind === 'lost' ? this.#lost : this.#refused, code, 1)
  }

  /** The event that tells of everything counted. */
  event(): AuditLost {
    return { event: 'audit.lost', lost: listOf(this.#lost), refused: listOf(this.#refused), since: this.#since }
  }

  /** Counts again what could not be told. */
  restore({ lost, refused, since }: AuditLost): void {
    this.#since = since
    for (const { code, count } of lost) add(this.#lost, code, count)
    for (const { code, count } of refused) add(this.#refused, code, count)
  }

  /** Forgets what has been told. */
  clear(): void {
    this.#lost.clear()
    this.#refused.clear()
  }
}
