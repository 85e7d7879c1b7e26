import type { AuditRange } from '@headgate/audit'
import type { AccessMasking, AccessPlace } from './access-place.ts'
import { isSameAccess } from './access-place.ts'
import { type BatchFact, lastOffsetOf, type SentBatch } from './batch-fact.ts'
import { BatchTally } from './batch-tally.ts'

const MAX_BATCHES = 1_000_000
const MAX_INTENTS = 64

/** Neighbouring records of one partition that one connection read by one decision. */
export class ReadRange {
  readonly place: AccessPlace
  readonly since: string
  readonly intents: string[] = []
  readonly #tally = new BatchTally()
  readonly #masked = new Map<string, number>()
  #withheld = 0
  #firstOffset = 0n
  #lastBaseOffset = -1n
  #lastOffset = -1n
  #lastCrc = 0
  #leaderEpoch = -1
  #isLastWhole = true

  constructor(place: AccessPlace, since: string) {
    this.place = place
    this.since = since
  }

  /**
   * Whether what was asked for at `fetchOffset` goes on where this range ends. Offsets that are missing between two batches
   * of one answer do not exist; between two answers they may have been skipped.
   */
  goesOn(place: AccessPlace, fetchOffset: bigint): boolean {
    if (this.#tally.batches >= MAX_BATCHES || this.intents.length >= MAX_INTENTS) return false
    const isNext = fetchOffset === this.#lastOffset + 1n
    const isCutOne = !this.#isLastWhole && fetchOffset === this.#lastBaseOffset
    return (isNext || isCutOne) && isSameAccess(this.place, place)
  }

  /** Adds a batch behind the others. One that came cut off, and comes again, counts once. */
  add(batch: BatchFact): void {
    const isSamePlace = this.#tally.batches > 0 && batch.baseOffset === this.#lastBaseOffset
    // In a topic that was made anew another batch stands in the same place.
    const isAgain = isSamePlace && batch.crc === this.#lastCrc
    this.#isLastWhole = batch.isWhole
    if (isAgain) return
    if (this.#tally.batches === 0) this.#firstOffset = batch.baseOffset
    this.#lastBaseOffset = batch.baseOffset
    this.#lastOffset = lastOffsetOf(batch)
    this.#lastCrc = batch.crc
    this.#leaderEpoch = batch.leaderEpoch
    this.#tally.add(batch.baseOffset, batch.crc, batch.records, batch.bytes)
  }

  /** Adds a batch that a producer sent, at the offset that the broker gave it; gives the next one. */
  addSent(batch: SentBatch, baseOffset: bigint): bigint {
    if (this.#tally.batches === 0) this.#firstOffset = baseOffset
    this.#lastBaseOffset = baseOffset
    this.#lastOffset = baseOffset + BigInt(batch.lastOffsetDelta)
    this.#tally.add(baseOffset, batch.crc, batch.records, batch.bytes)
    return this.#lastOffset + 1n
  }

  /** Adds what was done to records of the range. */
  addMasking({ masked, withheld }: AccessMasking): void {
    for (const { field, count } of masked) this.#masked.set(field, (this.#masked.get(field) ?? 0) + count)
    this.#withheld += withheld
  }

  get masking(): AccessMasking {
    return { masked: [...this.#masked].map(([field, count]) => ({ field, count })), withheld: this.#withheld }
  }

  /** The range as the trail says it; nothing is added afterwards. */
  finish(): AuditRange {
    const { batches, records, bytes } = this.#tally
    return {
      firstOffset: String(this.#firstOffset),
      lastOffset: String(this.#lastOffset),
      leaderEpoch: this.#leaderEpoch,
      batches,
      records,
      bytes,
      hash: this.#tally.finish(),
    }
  }
}
