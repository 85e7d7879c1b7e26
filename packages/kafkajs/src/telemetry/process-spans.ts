import type { Clock } from '@headgate/core'
import type { Context } from '@opentelemetry/api'
import type { KafkaMessage } from '#kafkajs'
import type { MaskTally } from '../masking/mask-tally.ts'
import type { TracedWork } from './attributes.ts'
import type { ProcessSpan } from './process-span.ts'
import { saysTheSame } from './propagation.ts'
import type { Place, Tracing } from './tracing.ts'
import { isToldByTraceparent, unsampledSender } from './unsampled-sender.ts'

/** Records that share a span take no longer than this together: whatever takes longer by itself has a span of its own. */
const SHARED_MS = 1

/**
 * The `process` spans of records that are handled one after the other, under one decision.
 *
 * Neighbours with the same sender, or with none, share a span as long as they take less than a millisecond together. What a sender did not
 * sample has no span where the sampler, asked within the last millisecond, goes by that; its handler runs in the sender's context.
 */
export class ProcessSpans {
  readonly #tracing: Tracing
  readonly #place: Place
  readonly #work: TracedWork
  readonly #clock: Clock
  #current: ProcessSpan | undefined
  #endsAtMs = 0
  /** Whether the sampler's answer goes for the next ones whose senders did not sample. */
  #takesAnswer = false

  constructor(tracing: Tracing, place: Place, work: TracedWork, clock: Clock) {
    this.#tracing = tracing
    this.#place = place
    this.#work = work
    this.#clock = clock
  }

  /** How many records the span that was opened last is for. */
  get count(): number {
    return this.#current?.count ?? 0
  }

  /** Whether a record has the same sender as those of the span that was opened last. */
  continues(message: KafkaMessage): boolean {
    return this.#current !== undefined && saysTheSame(this.#current.sender, message)
  }

  /** Whether the span that was opened last takes no more records. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endsAtMs
  }

  /** Gives what to handle a record in: the span that was opened last, a new one, or the context of a sender that did not sample. */
  open(message: KafkaMessage): Context {
    const current = this.#current
    if (current !== undefined && !this.isOver) {
      if (this.continues(message)) return current.context
      const unsampled = this.#takesAnswer ? unsampledSender(message) : undefined
      if (unsampled !== undefined) return unsampled
    }
    current?.end()
    const span = this.#tracing.startProcess(this.#place, message, this.#work)
    this.#current = span
    this.#takesAnswer = span.isRefused && this.#tracing.followsSenders && isToldByTraceparent(span.sender.fields)
    this.#endsAtMs = this.#clock.monotonicMs() + SHARED_MS
    return span.context
  }

  /** A handler is about to be given this record. */
  add(message: KafkaMessage, tally: MaskTally | undefined): void {
    this.#current?.add(message)
    if (tally !== undefined) this.#current?.include(tally)
  }

  /** A record was withheld. */
  withhold(tally: MaskTally | undefined): void {
    if (tally !== undefined) this.#current?.include(tally)
  }

  /** The handler of the record that was added last has failed. */
  fail(error: unknown): void {
    this.#current?.fail(error)
  }

  end(): void {
    this.#current?.end()
    this.#current = undefined
  }
}
