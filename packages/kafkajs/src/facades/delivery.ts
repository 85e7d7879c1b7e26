import type { KafkaMessage } from '#kafkajs'
import type { Admission } from '../access/gate.ts'
import { maskIncoming } from '../masking/mask-incoming.ts'
import { MaskTally } from '../masking/mask-tally.ts'
import { remember } from '../masking/masked-record.ts'
import type { TracedWork } from '../telemetry/attributes.ts'
import type { Client } from './client.ts'
import { copyAllIncoming, copyIncoming, takeIncoming } from './messages.ts'

/** Records of one partition as kafkajs hands them out. */
interface FetchedRecords {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly KafkaMessage[]
  /**
   * Whether the memory of the records holds those of their topic and nothing else, and kafkajs kept none of their partition back. Our
   * copy of kafkajs tells it; another one does not.
   */
  readonly isWhole?: boolean
}

/** What of fetched records may be seen. */
export interface Delivery {
  /** Records with bytes of their own. */
  readonly messages: readonly KafkaMessage[]
  readonly work: TracedWork
  /** For the offset of a record behind which others are withheld: the last of those, which is resolved with it. */
  readonly resolvedWith: ReadonlyMap<string, string>
}

const NONE: ReadonlyMap<string, string> = new Map()

// INVARIANT: views on fetched memory leave this package only where all of it may be seen.
const isAllShown = (admission: Admission, isWhole: boolean | undefined): boolean =>
  isWhole === true && admission.isPartial !== true

/** Masks fetched records by what the decision on their topic obliges to, and tells what is withheld. */
export function readDelivery(client: Client, admission: Admission, records: FetchedRecords): Delivery {
  const { topic, partition, isWhole } = records
  const [decision] = admission.decisions
  const askIds = decision?.effect === 'hold' && client.tracing.isOn ? client.approvals.askIds(topic, 'consume') : []
  const mask = client.masks.of(decision)
  if (mask === undefined) {
    const messages = isAllShown(admission, isWhole)
      ? records.messages.map(takeIncoming)
      : copyAllIncoming(records.messages)
    return { messages, work: { admission, askIds }, resolvedWith: NONE }
  }
  const tally = new MaskTally()
  const policyRevision = admission.policy?.revision ?? -1
  const messages: KafkaMessage[] = []
  const resolvedWith = new Map<string, string>()
  for (const given of records.messages) {
    const message = maskIncoming(mask, given, tally)
    if (message !== undefined) messages.push(remember(copyIncoming(message), mask, tally, policyRevision))
    else {
      const before = messages.at(-1)
      if (before !== undefined) resolvedWith.set(before.offset, given.offset)
    }
  }
  if (tally.withheldCount > 0) {
    const [first, last] = [records.messages[0]?.offset ?? '', records.messages.at(-1)?.offset ?? '']
    client.withheld({
      topic,
      partition,
      firstOffset: first,
      lastOffset: last,
      count: tally.withheldCount,
      reasons: tally.reasons,
      isPlaceholder: mask.showsPlaceholder,
      policyRevision,
    })
  }
  return { messages, work: { admission, askIds, tally }, resolvedWith }
}

/** What of one record may be seen. */
export interface ReadRecord {
  /** Nothing where it is withheld. */
  readonly message: KafkaMessage | undefined
  /** What was masked and withheld; absent where nothing had to be. */
  readonly tally: MaskTally | undefined
}

/** As {@link readDelivery}, for records that are read one after the other under one admission. */
export class RecordReader {
  readonly work: TracedWork
  readonly #client: Client
  readonly #place: Omit<FetchedRecords, 'messages'>
  readonly #read: (given: KafkaMessage) => ReadRecord

  constructor(client: Client, admission: Admission, place: Omit<FetchedRecords, 'messages'>) {
    this.#client = client
    this.#place = place
    const { work } = readDelivery(client, admission, { ...place, messages: [] })
    this.work = { admission, askIds: work.askIds }
    const take = isAllShown(admission, place.isWhole) ? takeIncoming : copyIncoming
    this.#read = work.tally === undefined ? (given) => ({ message: take(given), tally: undefined }) : this.#readMasked
  }

  read(given: KafkaMessage): ReadRecord {
    return this.#read(given)
  }

  #readMasked = (given: KafkaMessage): ReadRecord => {
    const { topic, partition } = this.#place
    const records = { topic, partition, messages: [given] }
    const { messages, work } = readDelivery(this.#client, this.work.admission, records)
    return { message: messages[0], tally: work.tally }
  }
}
