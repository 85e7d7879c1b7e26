import type {
  FetchRequest,
  FetchRequestFetchPartition,
  FetchRequestFetchTopic,
  FetchResponse,
  FetchResponsePartitionData,
} from '@headgate/wire'
import type { Call } from '../call.ts'
import type { Judgement } from '../judgement.ts'
import type { ReadBuffer } from '../read-buffers.ts'
import type { CompiledMask } from './compiled-mask.ts'
import type { TakeBytes } from './growing-bytes.ts'
import { MaskBudget } from './mask-budget.ts'
import { beginMasking, driveInSlices } from './mask-record-set.ts'
import type { MaskWork } from './mask-step.ts'
import type { MaskedRecordSet, WithheldForm } from './masked-record-set.ts'
import type { ReadOn } from './read-on-memo.ts'

/** The last Fetch version whose clients are taken to show control batches to the application, as some of them do. */
const LAST_VERSION_WITH_HOLES = 10
const SOFTWARE_WITH_HOLES = 'rskafka'
const NO_RECORDS = Buffer.alloc(0)
const NO_ERROR = 0
const NO_EPOCH = -1

/** A partition of a fetch whose records are masked, or were asked for at another offset. */
interface MaskedPartition {
  readonly topicName: string
  readonly fetchOffset: bigint
  readonly mask: CompiledMask | undefined
  readonly form: WithheldForm
  /** What the broker was asked in the place of the client's offset. */
  readonly asked: ReadOn | undefined
}

/** `false`: the answer is as it was; else what is called when it has been encoded. */
export type AnswerOutcome = false | (() => void)

/** The masking of one fetch: which partitions, how, and what is asked of the broker for them. */
export class FetchMasking {
  readonly #call: Call
  readonly #partitions = new Map<string, MaskedPartition>()
  #asksElsewhere = false

  constructor(call: Call) {
    this.#call = call
  }

  /** Whether the answer has to be looked into. */
  get isNeeded(): boolean {
    return this.#partitions.size > 0
  }

  /** Notes a partition that may be read. */
  add(
    { topicId, topic }: FetchRequestFetchTopic,
    topicName: string,
    partition: FetchRequestFetchPartition,
    judgement: Judgement,
  ): void {
    const mask = this.#call.maskOf(judgement)
    const { readOn: memo } = this.#call.state
    const key = partitionKey(topicId, topic, partition.partition)
    const form = this.#formOf(mask)
    // The memo is asked once for a request: decided again, the request went out as it did.
    const asked =
      memo.asked(partition) ?? (form === 'hole' ? this.#lookUp(key, partition, mask as CompiledMask) : undefined)
    if (mask === undefined && asked === undefined) return
    if (asked !== undefined) this.#asksElsewhere = true
    this.#partitions.set(key, { topicName, fetchOffset: partition.fetchOffset, mask, form, asked })
  }

  /** The topics to ask the broker for. */
  topics(topics: FetchRequest['topics']): FetchRequest['topics'] {
    return topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) => {
        const { readOn: memo } = this.#call.state
        const asked = memo.asked(partition)
        return asked === undefined
          ? partition
          : { ...partition, fetchOffset: asked.visibleFrom, lastFetchedEpoch: NO_EPOCH }
      }),
    }))
  }

  /** Whether the broker is asked for other offsets than the client's. */
  get asksElsewhere(): boolean {
    return this.#asksElsewhere
  }

  /**
   * Masks an answer; `false`: it is as it was. Else gives what is to be called when the answer has been encoded: the memory
   * that its records stand in is used again then.
   */
  apply(response: FetchResponse): AnswerOutcome | Promise<AnswerOutcome> {
    const leases: ReadBuffer[] = []
    const take = (leastBytes: number): Buffer => {
      const lease = this.#call.buffers.takeLarge(leastBytes)
      leases.push(lease)
      return lease.bytes
    }
    const finish = (isChanged: boolean): AnswerOutcome => {
      const release = (): void => {
        for (const lease of leases) lease.release()
      }
      if (isChanged) return release
      release()
      return false
    }
    const masked = driveInSlices(this.#mask(response, take))
    return masked instanceof Promise ? masked.then(finish) : finish(masked)
  }

  *#mask(response: FetchResponse, take: TakeBytes): MaskWork<boolean> {
    const budget = new MaskBudget()
    let isChanged = false
    for (const { topicId, topic, partitions } of response.responses) {
      for (const partition of partitions) {
        const key = partitionKey(topicId, topic, partition.partitionIndex)
        const masked = this.#partitions.get(key)
        if (masked !== undefined && (yield* this.#maskPartition(key, masked, partition, { budget, take })))
          isChanged = true
      }
    }
    return isChanged
  }

  *#maskPartition(
    key: string,
    masked: MaskedPartition,
    partition: FetchResponsePartitionData,
    means: { readonly budget: MaskBudget; readonly take: TakeBytes },
  ): MaskWork<boolean> {
    const { mask, asked, form, fetchOffset, topicName } = masked
    const { readOn: memo } = this.#call.state
    // Asked for under another mask, the records may begin behind some that are seen now: the client asks again.
    if (asked !== undefined && asked.mask !== mask) return showNothing(partition, fetchOffset)
    if (partition.errorCode !== NO_ERROR && asked !== undefined) {
      memo.forget(key)
      return showNothing(partition, fetchOffset)
    }
    const records = partition.records ?? NO_RECORDS
    if (mask === undefined || records.length === 0)
      return asked === undefined ? false : showNothing(partition, fetchOffset)
    const from = asked?.visibleFrom ?? fetchOffset
    const result: MaskedRecordSet = yield* beginMasking(records, { mask, fetchOffset: from, form, ...means })
    this.#call.masked('read', topicName, partition.partitionIndex, result)
    if (result.readOnFrom !== undefined) {
      memo.remember(key, { fetchOffset, visibleFrom: result.readOnFrom, mask })
      return showNothing(partition, fetchOffset)
    }
    if (result.records.length === 0 && asked !== undefined) return showNothing(partition, fetchOffset)
    partition.records = result.records
    return result.records !== records
  }

  #lookUp(key: string, partition: FetchRequestFetchPartition, mask: CompiledMask): ReadOn | undefined {
    const { readOn: memo } = this.#call.state
    const readOn = memo.find(key, partition.fetchOffset, mask)
    if (readOn !== undefined) memo.ask(partition, readOn)
    return readOn
  }

  /** A client of whom nothing is known is taken for one that steps over control batches, from the version on that they do. */
  #formOf(mask: CompiledMask | undefined): WithheldForm {
    const { state, apiVersion } = this.#call
    if (mask === undefined) return 'marker'
    if (mask.obligation.onUnreadable === 'placeholder') return 'placeholder'
    const isOlder = apiVersion <= LAST_VERSION_WITH_HOLES || state.softwareName === SOFTWARE_WITH_HOLES
    return isOlder ? 'hole' : 'marker'
  }
}

/**
 * INVARIANT: the watermarks are the offset that was asked for: the client waits there, with no lag and no error. With a
 * higher one some clients end in a time-out.
 */
function showNothing(partition: FetchResponsePartitionData, fetchOffset: bigint): true {
  partition.errorCode = NO_ERROR
  partition.records = NO_RECORDS
  partition.highWatermark = fetchOffset
  if (partition.lastStableOffset >= 0n) partition.lastStableOffset = fetchOffset
  return true
}

/** Names hold no blanks, so that no two partitions have the same key. */
function partitionKey(topicId: string, topic: string, partition: number): string {
  return `${topicId} ${topic} ${partition}`
}
