import { type Context, context } from '@opentelemetry/api'
import type { EachMessageHandler, EachMessagePayload, KafkaMessage } from '#kafkajs'
import { deliverySurface } from '../access/surface.ts'
import { ProcessSpans } from '../telemetry/process-spans.ts'
import type { Client } from './client.ts'
import { type ReadRecord, RecordReader } from './delivery.ts'

/** What is done with records that are handed out one after the other. */
interface RecordRun {
  handle(given: KafkaMessage): Promise<void> | void
  /** Asked before each record but the first; where it says no, that record is the next run's first. */
  goesOn(next: KafkaMessage): boolean
  /** What handling a record came to an end with, before kafkajs commits those that were handled. */
  failed(error: unknown): void
}

/**
 * Records of one partition that kafkajs fetched at once, in its own words: our copy of kafkajs hands them to a handler that takes
 * them, instead of one after the other.
 */
export interface MessageBatch extends Pick<EachMessagePayload, 'topic' | 'partition' | 'heartbeat' | 'pause'> {
  /** Whether the memory of the records holds those of their topic and nothing else, and none of their partition was kept back. */
  readonly isWhole: boolean
  /** The record that comes next; nothing where none is left, or the consumer was stopped, paused or moved elsewhere. */
  next(): KafkaMessage | undefined
  /** Hands out records from the next one on. Rejects with what handling one came to an end with, or with what ends the consumer between two. */
  proceed(run: RecordRun): Promise<void>
}

/** Hands the records of one batch to the application: each is decided on, masked or copied before, and traced. */
export class MessageDelivery {
  readonly #application: EachMessageHandler
  readonly #alone: EachMessageHandler
  readonly #client: Client
  readonly #batch: MessageBatch
  #reader: RecordReader | undefined
  /** The record that was read last, and what of it may be seen. */
  #given: KafkaMessage | undefined
  #read: ReadRecord | undefined
  /** Whether neighbours were seen to have senders of their own. */
  #isMixed = false

  /** @param alone handles a record that cannot be decided on at once */
  constructor(application: EachMessageHandler, alone: EachMessageHandler, client: Client, batch: MessageBatch) {
    this.#application = application
    this.#alone = alone
    this.#client = client
    this.#batch = batch
  }

  async deliver(): Promise<void> {
    for (let given = this.#batch.next(); given !== undefined; given = this.#batch.next()) {
      const reader = this.#readerNow()
      if (reader === undefined) await this.#deliverAlone()
      else await this.#deliverRun(reader, given)
    }
  }

  /** What records are read by now; nothing where the policy refuses them. */
  #readerNow(): RecordReader | undefined {
    const { gate } = this.#client
    if (this.#reader !== undefined && this.#holds(this.#reader)) return this.#reader
    const admission = gate.admitAtOnce('consumer.eachMessage', deliverySurface.eachMessage(this.#batch))
    this.#read = undefined
    this.#reader = admission && new RecordReader(this.#client, admission, this.#batch)
    return this.#reader
  }

  #deliverAlone(): Promise<void> {
    const { topic, partition, heartbeat, pause } = this.#batch
    const handle = (message: KafkaMessage): Promise<void> =>
      this.#alone({ topic, partition, message, heartbeat, pause })
    return this.#batch.proceed({ handle, goesOn: () => false, failed: () => {} })
  }

  /** Delivers records as long as what `reader` was made for holds and, where spans are made, as they share one. */
  #deliverRun(reader: RecordReader, given: KafkaMessage): Promise<void> {
    const { message } = this.#readOnce(reader, given)
    const isTraced = this.#client.tracing.isOn
    if (isTraced && message !== undefined) return this.#deliverTraced(reader, message)
    const goesOn = (next: KafkaMessage): boolean =>
      this.#holds(reader) && (!isTraced || this.#readOnce(reader, next).message === undefined)
    return this.#batch.proceed({ handle: this.#handlerOf(reader), goesOn, failed: () => {} })
  }

  async #deliverTraced(reader: RecordReader, first: KafkaMessage): Promise<void> {
    const { tracing, clock } = this.#client
    const spans = new ProcessSpans(tracing, this.#batch, reader.work, clock)
    const failed = (error: unknown): void => spans.fail(error)
    try {
      if (this.#isMixed) {
        const handle = this.#handlerOf(reader, spans, (message) => spans.open(message))
        await this.#batch.proceed({ handle, goesOn: () => this.#holds(reader), failed })
      } else {
        // One context around all of them, not one around each.
        const run = { handle: this.#handlerOf(reader, spans), goesOn: this.#sharing(reader, spans), failed }
        await context.with(spans.open(first), () => this.#batch.proceed(run))
      }
    } finally {
      spans.end()
    }
  }

  #sharing(reader: RecordReader, spans: ProcessSpans): RecordRun['goesOn'] {
    return (next) => {
      if (!this.#holds(reader)) return false
      const { message } = this.#readOnce(reader, next)
      if (message === undefined) return true
      if (spans.continues(message)) return !spans.isOver
      this.#isMixed = spans.count === 1
      return false
    }
  }

  #holds(reader: RecordReader): boolean {
    return this.#client.gate.holds(reader.work.admission)
  }

  #readOnce(reader: RecordReader, given: KafkaMessage): ReadRecord {
    if (this.#read !== undefined && this.#given === given) return this.#read
    this.#given = given
    this.#read = reader.read(given)
    return this.#read
  }

  #handlerOf(
    reader: RecordReader,
    spans?: ProcessSpans,
    contextOf?: (message: KafkaMessage) => Context,
  ): RecordRun['handle'] {
    const { topic, partition, heartbeat, pause } = this.#batch
    const { metering } = this.#client
    const application = this.#application
    const call = metering.isOn
      ? (payload: EachMessagePayload) => metering.process(topic, partition, 1, async () => application(payload))
      : application
    return (given) => {
      const { message, tally } = this.#readOnce(reader, given)
      // Withheld: as good as handled, so that kafkajs goes on to the next record.
      if (message === undefined) return spans?.withhold(tally)
      const own = contextOf?.(message)
      spans?.add(message, tally)
      const payload = { topic, partition, message, heartbeat, pause }
      return own === undefined ? call(payload) : context.with(own, call, undefined, payload)
    }
  }
}
