import type { Clock } from '@headgate/core'
import {
  type Attributes,
  type Counter,
  createNoopMeter,
  type Histogram,
  type MeterProvider,
  metrics,
} from '@opentelemetry/api'
import type { TopicMessages } from '#kafkajs'
import { VERSION } from '../version.ts'
import { type ClientAttributes, errorType, type MessagingOperation, messagingAttributes } from './attributes.ts'
import { isApiUsed } from './registry.ts'

// The boundaries that the conventions advise, in seconds.
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

interface Instruments {
  readonly operationDuration: Histogram
  readonly sentMessages: Counter
  readonly consumedMessages: Counter
  readonly processDuration: Histogram
}

function createInstruments(provider: MeterProvider): Instruments | undefined {
  const meter = provider.getMeter('@headgate/kafkajs', VERSION)
  if (meter === createNoopMeter()) return undefined
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } }
  const messages = { unit: '{message}' }
  return {
    operationDuration: meter.createHistogram('messaging.client.operation.duration', seconds),
    sentMessages: meter.createCounter('messaging.client.sent.messages', messages),
    consumedMessages: meter.createCounter('messaging.client.consumed.messages', messages),
    processDuration: meter.createHistogram('messaging.process.duration', seconds),
  }
}

let known: { readonly provider: MeterProvider; readonly instruments: Instruments | undefined } | undefined

/** The instruments of the SDK that is registered now, which may come after the first import; nothing where there is none. */
function findInstruments(): Instruments | undefined {
  if (!isApiUsed()) return undefined
  const provider = metrics.getMeterProvider()
  if (known?.provider !== provider) known = { provider, instruments: createInstruments(provider) }
  return known.instruments
}

/** What is the same for all records of a partition. */
interface PlaceAttributes {
  readonly poll: Attributes
  readonly process: Attributes
}

/** Measures one client by OpenTelemetry's messaging conventions. Without an SDK it costs a comparison for each call. */
export class Metering {
  readonly #client: ClientAttributes
  readonly #clock: Clock
  readonly #places = new Map<string, Map<number, PlaceAttributes>>()

  constructor(client: ClientAttributes, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Whether an SDK takes measurements now. */
  get isOn(): boolean {
    return findInstruments() !== undefined
  }

  /** Counts what is sent, and times the call. */
  async send<T>(topics: readonly TopicMessages[], run: () => Promise<T>): Promise<T> {
    const instruments = findInstruments()
    if (instruments === undefined) return run()
    const [first] = topics
    const only = topics.every(({ topic }) => topic === first?.topic) ? first?.topic : undefined
    return this.#time(instruments.operationDuration, this.#attributes('send', only), run, (outcome) => {
      for (const { topic, messages } of topics)
        instruments.sentMessages.add(messages.length, { ...this.#attributes('send', topic), ...outcome })
    })
  }

  /** Counts what a handler is given, and times the handler. */
  process(topic: string, partition: number, count: number, run: () => Promise<void>): Promise<void> {
    const instruments = findInstruments()
    if (instruments === undefined) return run()
    const { poll, process } = this.#placeOf(topic, partition)
    instruments.consumedMessages.add(count, poll)
    return this.#time(instruments.processDuration, process, run)
  }

  /** Times a commit of offsets. */
  async commit(run: () => Promise<void>): Promise<void> {
    const instruments = findInstruments()
    if (instruments === undefined) return run()
    return this.#time(instruments.operationDuration, this.#attributes('commit'), run)
  }

  /** Tells of a fetch that kafkajs has timed. */
  polled(durationMs: number): void {
    findInstruments()?.operationDuration.record(durationMs / 1000, this.#attributes('poll'))
  }

  #placeOf(topic: string, partition: number): PlaceAttributes {
    const partitions = this.#places.get(topic) ?? new Map<number, PlaceAttributes>()
    this.#places.set(topic, partitions)
    const before = partitions.get(partition)
    if (before !== undefined) return before
    const place = { 'messaging.destination.partition.id': `${partition}` }
    const attributes = {
      poll: { ...this.#attributes('poll', topic), ...place },
      process: { ...this.#attributes('process', topic), ...place },
    }
    partitions.set(partition, attributes)
    return attributes
  }

  #attributes(operation: MessagingOperation, topic?: string): Attributes {
    return messagingAttributes(operation, topic, this.#client)
  }

  async #time<T>(
    histogram: Histogram,
    attributes: Attributes,
    run: () => Promise<T>,
    ended?: (outcome: Attributes | undefined) => void,
  ): Promise<T> {
    const startedAtMs = this.#clock.monotonicMs()
    let outcome: Attributes | undefined
    try {
      return await run()
    } catch (error) {
      outcome = { 'error.type': errorType(error) }
      throw error
    } finally {
      const told = outcome === undefined ? attributes : { ...attributes, ...outcome }
      histogram.record((this.#clock.monotonicMs() - startedAtMs) / 1000, told)
      ended?.(outcome)
    }
  }
}
