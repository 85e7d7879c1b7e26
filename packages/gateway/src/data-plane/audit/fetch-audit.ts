import { Operation } from '@headgate/policy'
import {
  ErrorCode,
  type FetchedPartition,
  type FetchRequest,
  type FetchResponse,
  type FetchResponsePartitionData,
  FetchResponseWalker,
  ZERO_UUID,
} from '@headgate/wire'
import type { AnswerEdit, Verdict } from '../api.ts'
import type { Call } from '../call.ts'
import { UpstreamProtocolError } from '../errors.ts'
import type { AccessMasking, AccessPlace } from './access-place.ts'
import type { AnswerTap } from './answer-tap.ts'
import { type BatchFact, batchFactOf, batchFactsOf, lastOffsetOf } from './batch-fact.ts'
import type { ReadRange } from './read-range.ts'

const PREFIX_BYTES = 4
const HEADER_BYTES = 8
const FIRST_FLEXIBLE_VERSION = 12
const NO_RECORDS = Buffer.alloc(0)

type FetchVerdict = Verdict<FetchRequest, FetchResponse>

/** Records of a partition that an edited answer delivers. */
interface Delivery {
  readonly place: AccessPlace
  readonly fetchOffset: bigint
  readonly batches: readonly BatchFact[]
  readonly masking: AccessMasking | undefined
  readonly partition: FetchResponsePartitionData
  /** The intent that is on record. */
  intent?: string
}

/** Puts what a fetch delivers on record: before it is delivered, where that is wanted. */
export function auditFetch(call: Call, request: FetchRequest, verdict: FetchVerdict): FetchVerdict {
  if (verdict.kind !== 'forward' || !(call.access.keepsTrail || call.mustRecord)) return verdict
  const tap = new FetchAudit(call, request)
  const { edit } = verdict
  if (edit === null && !call.mustRecord) return { ...verdict, tap }
  return { ...verdict, tap, edit: (response) => tap.edited(response, edit) }
}

/**
 * Counts the batches of one fetch answer.
 *
 * An answer that passes unread is walked from head to head on its way; of one that is edited, what is left in the end is
 * counted, by the batches that the broker sent.
 */
class FetchAudit implements AnswerTap {
  readonly #call: Call
  readonly #request: FetchRequest
  #offsets: Map<string, bigint> | undefined
  #walker: FetchResponseWalker | undefined
  #bodyBytes = 0
  #isBehindHeader = false
  #range: ReadRange | undefined
  #deliveries: Delivery[] | undefined

  constructor(call: Call, request: FetchRequest) {
    this.#call = call
    this.#request = request
  }

  push(chunk: Buffer, start: number, end: number): void {
    if (this.#deliveries !== undefined) return
    if (this.#walker === undefined) {
      this.#walker = new FetchResponseWalker({
        partition: () => {
          this.#range = undefined
        },
        batch: (head, partition) => this.#passing(partition).add(batchFactOf(head)),
      })
      // The length prefix and the correlation id always come in one piece.
      this.#bodyBytes = chunk.readInt32BE(start) + PREFIX_BYTES - HEADER_BYTES
      this.#walk(this.#walker, chunk, start + HEADER_BYTES, end)
    } else {
      this.#walk(this.#walker, chunk, start, end)
    }
  }

  edited(response: FetchResponse, edit: AnswerEdit<FetchResponse> | null): unknown {
    const sent = new Map<string, Buffer>()
    for (const topic of response.responses)
      for (const { partitionIndex, records } of topic.partitions)
        sent.set(keyOf(topic, partitionIndex), records ?? NO_RECORDS)
    const changed = edit === null ? false : edit(response)
    return changed instanceof Promise
      ? changed.then((settled: unknown) => this.#record(response, sent, settled))
      : this.#record(response, sent, changed)
  }

  handedOn(): void {
    for (const { place, fetchOffset, batches, masking, intent } of this.#deliveries ?? []) {
      const range = this.#call.access.reading(place, fetchOffset)
      for (const batch of batches) range.add(batch)
      if (masking !== undefined) range.addMasking(masking)
      if (intent !== undefined) range.intents.push(intent)
    }
  }

  dropped(): void {
    const intents = (this.#deliveries ?? []).flatMap(({ intent }) => intent ?? [])
    this.#call.access.void('read', intents, 'decided-again')
  }

  #walk(walker: FetchResponseWalker, chunk: Buffer, start: number, end: number): void {
    let at = start
    if (!this.#isBehindHeader) {
      if (this.#call.apiVersion >= FIRST_FLEXIBLE_VERSION) {
        if (at === end) return
        if (chunk[at] !== 0)
          throw new UpstreamProtocolError({ message: 'upstream: a tagged field in the header of an answer' })
        at += 1
        this.#bodyBytes -= 1
      }
      this.#isBehindHeader = true
      walker.reset(this.#call.apiVersion, this.#bodyBytes)
    }
    if (at < end) walker.push(chunk, at, end)
  }

  /** The range of the partition that is passing. */
  #passing({ topicName, topicId, index }: FetchedPartition): ReadRange {
    if (this.#range !== undefined) return this.#range
    const topic = { topic: topicName, topicId }
    this.#range = this.#call.access.reading(this.#place(topic, index), this.#fetchOffset(topic, index))
    return this.#range
  }

  #record(response: FetchResponse, sent: ReadonlyMap<string, Buffer>, changed: unknown): unknown {
    const deliveries = this.#delivered(response, sent)
    this.#deliveries = deliveries
    const required = deliveries.filter(({ place }) => place.judgement.obligations?.audit === 'required')
    if (required.length === 0) return changed
    const { access } = this.#call
    const intents = required.map((delivery) => {
      const event = access.readIntent(delivery.place, delivery.batches, delivery.masking)
      delivery.intent = event.intent
      return event
    })
    return access.record(intents).then(
      () => changed,
      () => {
        for (const { partition } of required) refuse(partition)
        this.#deliveries = deliveries.filter((delivery) => !required.includes(delivery))
        return true
      },
    )
  }

  #delivered(response: FetchResponse, sent: ReadonlyMap<string, Buffer>): Delivery[] {
    return response.responses.flatMap((topic) =>
      topic.partitions.flatMap((partition) => {
        const { partitionIndex: index, records } = partition
        const batches = deliveredBatches(records, sent.get(keyOf(topic, index)) ?? NO_RECORDS)
        if (batches.length === 0) return []
        const place = this.#place(topic, index)
        const masking = this.#call.maskingOf(place.topic, index)
        return [{ place, fetchOffset: this.#fetchOffset(topic, index), batches, masking, partition }]
      }),
    )
  }

  #place({ topic, topicId }: { readonly topic: string; readonly topicId: string }, index: number): AccessPlace {
    const isNamed = topicId === ZERO_UUID
    const name = isNamed ? topic : (this.#call.topicName(topicId) ?? topicId)
    const judgement = this.#call.foresee(Operation.Read, name, index)
    const request = this.#call.accessRequest
    return { request, topic: name, topicId: isNamed ? undefined : topicId, partition: index, judgement }
  }

  #fetchOffset(topic: { readonly topic: string; readonly topicId: string }, index: number): bigint {
    this.#offsets ??= new Map(
      this.#request.topics.flatMap((asked) =>
        asked.partitions.map(({ partition, fetchOffset }) => [keyOf(asked, partition), fetchOffset] as const),
      ),
    )
    return this.#offsets.get(keyOf(topic, index)) ?? -1n
  }
}

/** Of the batches that the broker sent, those that reach the client: as they were, or masked in their places. */
function deliveredBatches(records: Buffer | null, sent: Buffer): readonly BatchFact[] {
  const left = batchFactsOf(records)
  const last = left.at(-1)
  if (last === undefined || records === sent) return left
  const lastOffset = lastOffsetOf(last)
  return batchFactsOf(sent).filter(({ baseOffset }) => baseOffset <= lastOffset)
}

/** A retriable error that clients take for trouble at the broker: they ask again after a while. */
function refuse(partition: FetchResponsePartitionData): void {
  partition.errorCode = ErrorCode.KAFKA_STORAGE_ERROR
  partition.records = NO_RECORDS
  partition.highWatermark = -1n
  partition.lastStableOffset = -1n
  partition.logStartOffset = -1n
  partition.abortedTransactions = null
}

/** Names hold no blanks, so that no two partitions have the same key. */
function keyOf({ topic, topicId }: { readonly topic: string; readonly topicId: string }, index: number): string {
  return `${index} ${topicId} ${topic}`
}
