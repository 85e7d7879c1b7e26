import type { CompiledMask } from './compiled-mask.ts'

/** More partitions than one connection reads. */
const MAX_PARTITIONS = 10_000

/** What was asked of the broker in the place of a partition's fetch offset. */
export interface ReadOn {
  /** The offset that the client stands at. */
  readonly fetchOffset: bigint
  /** The first offset behind what it may not see. */
  readonly visibleFrom: bigint
  /** INVARIANT: it holds for this mask alone; another may show what this one withholds. */
  readonly mask: CompiledMask
}

/**
 * Where reading goes on for a client that stands before records it may not see, and is not told to step over them.
 *
 * Without it every poll would read, decompress and mask the same records again.
 */
export class ReadOnMemo {
  readonly #entries = new Map<string, ReadOn>()
  /** What was asked for a partition of a request, by the request's own object, so that a later decision knows. */
  readonly #asked = new WeakMap<object, ReadOn>()

  /** Where to read on, for a client that asks for `fetchOffset` under this mask. */
  find(partitionKey: string, fetchOffset: bigint, mask: CompiledMask): ReadOn | undefined {
    const entry = this.#entries.get(partitionKey)
    return entry?.fetchOffset === fetchOffset && entry.mask === mask ? entry : undefined
  }

  /** Remembers that nothing from the fetch offset up to `visibleFrom` is seen. */
  remember(partitionKey: string, readOn: ReadOn): void {
    if (this.#entries.size >= MAX_PARTITIONS) this.#entries.clear()
    this.#entries.set(partitionKey, readOn)
  }

  /** Forgets a partition: the broker did not know the offset. */
  forget(partitionKey: string): void {
    this.#entries.delete(partitionKey)
  }

  /** Notes what is asked in the place of a request's own offset. */
  ask(partition: object, readOn: ReadOn): void {
    this.#asked.set(partition, readOn)
  }

  /** What was asked in the place of a request's own offset. */
  asked(partition: object): ReadOn | undefined {
    return this.#asked.get(partition)
  }
}
