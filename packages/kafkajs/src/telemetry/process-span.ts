import { type Context, type Span, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import type { KafkaMessage } from '#kafkajs'
import { MaskTally } from '../masking/mask-tally.ts'
import { errorType, tallyAttributes } from './attributes.ts'
import type { Sender } from './propagation.ts'

const isSampled = (sender: Context): boolean =>
  ((trace.getSpanContext(sender)?.traceFlags ?? TraceFlags.NONE) & TraceFlags.SAMPLED) !== 0

/** A `process` span over the records that are handled inside it, which have one sender in common, or none. */
export class ProcessSpan {
  /** Whose trace it continues. */
  readonly sender: Sender
  /** What the records are handled in. */
  readonly context: Context
  readonly #span: Span
  #count = 0
  #firstOffset = ''
  #lastOffset = ''
  #isTombstone = false
  #tally: MaskTally | undefined
  readonly #isUnsampled: boolean

  /** @param parent what the span was started in: the sender's context where there is one */
  constructor(span: Span, sender: Sender, parent: Context) {
    this.#span = span
    this.sender = sender
    this.context = trace.setSpan(parent, span)
    this.#isUnsampled = sender.context !== undefined && !isSampled(sender.context)
  }

  /** Whether the sampler went by a sender that did not sample. */
  get isRefused(): boolean {
    return !this.isRecording && this.#isUnsampled
  }

  /** Whether the sampler took what the sender had not sampled. */
  get isSampledAnew(): boolean {
    return this.isRecording && this.#isUnsampled
  }

  get isRecording(): boolean {
    return this.#span.isRecording()
  }

  /** How many records handlers were given. */
  get count(): number {
    return this.#count
  }

  /** Something was masked or withheld in a record that belongs here. */
  include(tally: MaskTally): void {
    this.#tally ??= new MaskTally()
    this.#tally.include(tally)
  }

  /** A handler is about to be given this record. */
  add({ offset, value }: KafkaMessage): void {
    if (this.#count === 0) {
      this.#firstOffset = offset
      this.#isTombstone = value === null
    }
    this.#lastOffset = offset
    this.#count += 1
  }

  /** The handler of the record that was added last has failed. Only the kind of error is told: its message may quote a record. */
  fail(error: unknown): void {
    if (!this.isRecording) return
    this.#span.setAttribute('error.type', errorType(error))
    this.#span.setStatus({ code: SpanStatusCode.ERROR })
    if (this.#count > 1) this.#setOffset('headgate.failed_offset', this.#lastOffset)
  }

  end(): void {
    if (this.isRecording) {
      if (this.#count === 1) this.#tellRecord()
      else this.#tellRecords()
      if (this.#tally !== undefined) this.#span.setAttributes(tallyAttributes(this.#tally))
    }
    this.#span.end()
  }

  #tellRecord(): void {
    this.#setOffset('messaging.kafka.offset', this.#firstOffset)
    if (this.#isTombstone) this.#span.setAttribute('messaging.kafka.message.tombstone', true)
  }

  #tellRecords(): void {
    this.#span.setAttribute('messaging.batch.message_count', this.#count)
    this.#setOffset('headgate.first_offset', this.#firstOffset)
    this.#setOffset('headgate.last_offset', this.#lastOffset)
    // Several records correlate by links; that their sender is the parent comes beside it.
    const sender = this.sender.context && trace.getSpanContext(this.sender.context)
    if (sender !== undefined) this.#span.addLink({ context: sender })
  }

  #setOffset(name: string, offset: string): void {
    const exact = Number(offset)
    if (Number.isSafeInteger(exact)) this.#span.setAttribute(name, exact)
  }
}
