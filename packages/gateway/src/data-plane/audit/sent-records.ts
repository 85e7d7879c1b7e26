import type { AuditSent } from '@headgate/audit'
import { type BatchHead, ZERO_UUID } from '@headgate/wire'
import type { AccessMasking, AccessPlace } from './access-place.ts'
import { type SentBatch, sentBatchOf } from './batch-fact.ts'
import { BatchTally } from './batch-tally.ts'

const NEWEST_MAGIC = 2

/** What a producer sends to one partition in one request. */
export interface SentRecords {
  readonly place: AccessPlace
  readonly batches: SentBatch[]
  /** Of the first batch; -1 where it has none. */
  producerId: bigint
  /** What masks did to it before it was sent. */
  readonly masking: AccessMasking | undefined
  /** The intent that is on record. */
  intent?: string
}

/** What one Produce request sends, partition by partition. */
export class SentRequest {
  readonly #partitions: SentRecords[] = []
  #next = 0
  /** The first of each partition; made when an answer has another order than its request. */
  #byPartition: ReadonlyMap<string, number> | undefined

  get partitions(): readonly SentRecords[] {
    return this.#partitions
  }

  /** Begins a partition. */
  begin(place: AccessPlace, masking?: AccessMasking): SentRecords {
    const sent: SentRecords = { place, batches: [], producerId: -1n, masking }
    this.#partitions.push(sent)
    this.#byPartition = undefined
    return sent
  }

  /** The partition that an answer speaks of. Answers mostly have the order of their requests: the next one is looked at first. */
  find(topicName: string, topicId: string, index: number): SentRecords | undefined {
    const name = topicId === ZERO_UUID ? topicName : topicId
    const isMeant = ({ place }: SentRecords): boolean =>
      place.partition === index && (place.topicId ?? place.topic) === name
    const next = this.#partitions[this.#next]
    const at = next !== undefined && isMeant(next) ? this.#next : this.#firstOf(`${index} ${name}`)
    this.#next = at + 1
    return this.#partitions[at]
  }

  #firstOf(key: string): number {
    this.#byPartition ??= new Map(
      this.#partitions
        .map(({ place }, at) => [`${place.partition} ${place.topicId ?? place.topic}`, at] as const)
        .toReversed(),
    )
    return this.#byPartition.get(key) ?? -1
  }
}

/** Adds a batch to what is sent to a partition. */
export function addSent(sent: SentRecords, head: BatchHead): void {
  if (sent.batches.length === 0 && head.magic >= NEWEST_MAGIC) sent.producerId = head.producerId
  sent.batches.push(sentBatchOf(head))
}

/** What was sent, as the trail says it: batches have places, not yet offsets. */
export function auditSentOf(all: readonly SentRecords[]): AuditSent {
  const tally = new BatchTally()
  const batches = all.flatMap((sent) => sent.batches)
  batches.forEach(({ crc, records, bytes }, place) => {
    tally.add(BigInt(place), crc, records, bytes)
  })
  const producerId = all[0]?.producerId ?? -1n
  const { batches: count, records, bytes } = tally
  const producer = producerId < 0n ? {} : { producerId: String(producerId) }
  return { batches: count, records, bytes, hash: tally.finish(), ...producer }
}
