import type { AccessPlace } from './access-place.ts'
import type { ReadRange } from './read-range.ts'

/** The ranges that may still grow, one for each partition. */
export class OpenRanges {
  readonly #byTopic = new Map<string, Map<number, ReadRange>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The range of a partition. */
  find({ topic, partition }: AccessPlace): ReadRange | undefined {
    return this.#byTopic.get(topic)?.get(partition)
  }

  /** Puts a range in the place of its partition's. */
  set(range: ReadRange): void {
    const { topic, partition } = range.place
    let ofTopic = this.#byTopic.get(topic)
    if (ofTopic === undefined) {
      ofTopic = new Map()
      this.#byTopic.set(topic, ofTopic)
    }
    if (!ofTopic.has(partition)) this.#size += 1
    ofTopic.set(partition, range)
  }

  /** All of them, topic by topic. */
  *all(): Generator<ReadRange> {
    for (const ofTopic of this.#byTopic.values()) yield* ofTopic.values()
  }

  clear(): void {
    this.#byTopic.clear()
    this.#size = 0
  }
}
