import { createHash } from 'node:crypto'
import type { RecordedEvent } from '@headgate/audit'

/** A batch as it stands in Kafka's log. */
export interface StoredBatch {
  readonly baseOffset: bigint
  readonly crc: number
}

/** What {@link unaccountedOffsets} compares; all of it is of one partition. */
export interface AcknowledgedRecords {
  /** The base offsets that producers were told. */
  readonly acknowledged: Iterable<bigint>
  /** The whole log, in its order. */
  readonly batches: readonly StoredBatch[]
  readonly events: readonly RecordedEvent[]
}

/** The hash of batches as the trail says it: of each its base offset (int64) and its CRC (uint32). */
export function hashOfBatches(batches: readonly StoredBatch[]): string {
  const hash = createHash('sha256')
  for (const { baseOffset, crc } of batches) {
    const entry = Buffer.alloc(12)
    entry.writeBigInt64BE(baseOffset)
    entry.writeUInt32BE(crc, 8)
    hash.update(entry)
  }
  return hash.digest('base64url')
}

/** How often each base offset is told of by an outcome whose hash is that of the batches in the log. */
function countTold({ batches, events }: AcknowledgedRecords): Map<bigint, number> {
  const told = new Map<bigint, number>()
  for (const event of events) {
    if (event.event !== 'records.written') continue
    const [first, last] = [BigInt(event.range.firstOffset), BigInt(event.range.lastOffset)]
    const within = batches.filter(({ baseOffset }) => baseOffset >= first && baseOffset <= last)
    if (hashOfBatches(within) !== event.range.hash) continue
    for (const { baseOffset } of within) told.set(baseOffset, (told.get(baseOffset) ?? 0) + 1)
  }
  return told
}

/** How many intents without an outcome there are of each hash. */
function countOpenIntents({ events }: AcknowledgedRecords): Map<string, number> {
  const settled = new Set(events.flatMap((event) => ('intents' in event ? (event.intents ?? []) : [])))
  const open = new Map<string, number>()
  for (const event of events) {
    if (event.event !== 'records.write-intent' || settled.has(event.intent)) continue
    open.set(event.sent.hash, (open.get(event.sent.hash) ?? 0) + 1)
  }
  return open
}

/**
 * The acknowledged batches that the trail does not account for, one to one: told of by exactly one outcome, or else by an
 * intent without outcome that is of this very batch, and that accounts for no other.
 */
export function unaccountedOffsets(records: AcknowledgedRecords): bigint[] {
  const crcs = new Map(records.batches.map(({ baseOffset, crc }) => [baseOffset, crc]))
  const told = countTold(records)
  const open = countOpenIntents(records)
  return [...records.acknowledged].filter((offset) => {
    const crc = crcs.get(offset)
    if (crc === undefined) return true
    if (told.has(offset)) return told.get(offset) !== 1
    // A producer does not know the offset yet: what it sends has places, and a batch that is sent alone has the first.
    const hash = hashOfBatches([{ baseOffset: 0n, crc }])
    const left = open.get(hash) ?? 0
    open.set(hash, left - 1)
    return left < 1
  })
}
