import type { Decision } from '@headgate/policy'
import {
  type Attributes,
  context,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { Batch, EachMessagePayload, KafkaMessage, RecordMetadata, TopicMessages } from '#kafkajs'
import type { Denial } from '../access/denied-error.ts'
import type { Admission } from '../access/gate.ts'
import { VERSION } from '../version.ts'
import {
  type ClientAttributes,
  DECISION_EVENT,
  decisionAttributes,
  errorType,
  messagingAttributes,
  sharedWorkAttributes,
  type TracedWork,
  workAttributes,
} from './attributes.ts'
import { ProcessSpan } from './process-span.ts'
import { contextHeaders, readSender, senderLinks } from './propagation.ts'
import { isApiUsed } from './registry.ts'

let idleProvider: TracerProvider | undefined

/** A proxy that nobody registered anything at leads to the one provider that does nothing. */
function findIdleProvider(): TracerProvider {
  idleProvider ??= new ProxyTracerProvider().getDelegate()
  return idleProvider
}

/** Whether an OpenTelemetry SDK is registered in this process now. */
export function isTracing(): boolean {
  if (!isApiUsed()) return false
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== findIdleProvider()
}

let known: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined

/** The tracer of the SDK that is registered now, which may be another one than before. */
function findTracer(): Tracer {
  const registered = trace.getTracerProvider()
  const provider = registered instanceof ProxyTracerProvider ? registered.getDelegate() : registered
  if (known?.provider !== provider) known = { provider, tracer: provider.getTracer('@headgate/kafkajs', VERSION) }
  return known.tracer
}

function startSpan(name: string, options: SpanOptions, parent = context.active()): Span {
  return findTracer().startSpan(name, options, parent)
}

async function runIn<T>(span: Span, parent: ReturnType<typeof context.active>, run: () => Promise<T>): Promise<T> {
  try {
    return await context.with(trace.setSpan(parent, span), run)
  } catch (error) {
    // Only the kind of error: an application's message may quote a record.
    span.setAttribute('error.type', errorType(error))
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

function addDecisions(span: Span, { asks, decisions, policy }: Admission): void {
  if (policy === undefined) return
  for (const [index, ask] of asks.entries()) {
    const decision = decisions[index]
    if (decision !== undefined) span.addEvent(DECISION_EVENT, decisionAttributes(ask, decision, policy))
  }
}

function addWork(span: Span, work: TracedWork): void {
  if (!span.isRecording() || work.admission.policy === undefined) return
  span.setAttributes(workAttributes(work))
  addDecisions(span, work.admission)
}

function addPlace(span: Span, count: number, results: readonly RecordMetadata[]): void {
  const [first] = results
  if (count !== 1 || first === undefined || !span.isRecording()) return
  span.setAttribute('messaging.destination.partition.id', `${first.partition}`)
  const offset = Number(first.baseOffset ?? first.offset)
  if (Number.isSafeInteger(offset)) span.setAttribute('messaging.kafka.offset', offset)
}

/** Where records lie. */
export interface Place {
  readonly topic: string
  readonly partition: number
}

/** What the spans of a topic's records have in common. */
interface TopicFacts {
  readonly name: string
  readonly start: SpanOptions
  /** What is added to spans that are recorded, by partition. */
  readonly more: Map<number, Attributes>
  /** The decision that a span has told as an event. */
  told: Decision | undefined
}

/** Makes one client's spans by OpenTelemetry's messaging conventions, and puts the policy's decisions on them. */
export class Tracing {
  readonly #client: ClientAttributes
  readonly #isWanted: boolean
  readonly #facts = new Map<string, TopicFacts>()
  /** The tracer whose sampler has taken what a sender had not sampled. */
  #ownMinded: Tracer | undefined

  constructor(client: ClientAttributes, isWanted: boolean) {
    this.#client = client
    this.#isWanted = isWanted
  }

  /** Whether spans are made now: they are wanted, and an SDK takes them. */
  get isOn(): boolean {
    return this.#isWanted && isTracing()
  }

  /** Whether the sampler, as far as is known, goes by senders that did not sample, as samplers do unless they are told otherwise. */
  get followsSenders(): boolean {
    return this.#ownMinded !== findTracer()
  }

  /** Sends inside one `send` span; `run` is given the headers that carry its context. */
  async send(
    batch: readonly TopicMessages[],
    work: TracedWork,
    run: (headers: Readonly<Record<string, string>>) => Promise<RecordMetadata[]>,
  ): Promise<RecordMetadata[]> {
    const [first] = batch
    const topic = batch.every((entry) => entry.topic === first?.topic) ? first?.topic : undefined
    const count = batch.reduce((sum, { messages }) => sum + messages.length, 0)
    const attributes = messagingAttributes('send', topic, this.#client)
    if (count !== 1) attributes['messaging.batch.message_count'] = count
    const parent = context.active()
    const span = startSpan(topic === undefined ? 'send' : `send ${topic}`, { kind: SpanKind.PRODUCER, attributes })
    addWork(span, work)
    return runIn(span, parent, async () => {
      const results = await run(contextHeaders(context.active()))
      addPlace(span, count, results)
      return results
    })
  }

  /**
   * Starts a `process` span for a record and those that come after it from the same sender, whose trace it continues.
   *
   * The decision is an event of the first span that a topic has under it; each span has it as attributes. A sampler is given
   * what is the same for all records of a topic; the rest is added to spans that are recorded.
   */
  startProcess({ topic, partition }: Place, message: KafkaMessage, work: TracedWork): ProcessSpan {
    const sender = readSender(message)
    const ambient = context.active()
    const parent = sender.context ?? ambient
    const facts = this.#factsOf(topic)
    // What the consumer was run in is no parent then: it is linked to.
    const around = parent === ambient ? undefined : trace.getSpanContext(ambient)
    const start = around === undefined ? facts.start : { ...facts.start, links: [{ context: around }] }
    const span = startSpan(facts.name, start, parent)
    if (span.isRecording()) {
      span.setAttributes(this.#moreOf(facts, topic, partition))
      span.setAttributes(sharedWorkAttributes(work))
      const [decision] = work.admission.decisions
      if (facts.told !== decision) addDecisions(span, work.admission)
      facts.told = decision
    }
    const process = new ProcessSpan(span, sender, parent)
    if (process.isSampledAnew) this.#ownMinded = findTracer()
    return process
  }

  /** Handles one record inside a `process` span of its own. */
  async processMessage(payload: EachMessagePayload, work: TracedWork, run: () => Promise<void>): Promise<void> {
    const span = this.startProcess(payload, payload.message, { admission: work.admission, askIds: work.askIds })
    if (work.tally !== undefined) span.include(work.tally)
    span.add(payload.message)
    try {
      await context.with(span.context, run)
    } catch (error) {
      span.fail(error)
      throw error
    } finally {
      span.end()
    }
  }

  #factsOf(topic: string): TopicFacts {
    const before = this.#facts.get(topic)
    if (before !== undefined) return before
    const start = { kind: SpanKind.CONSUMER, attributes: { 'messaging.destination.name': topic } }
    const facts: TopicFacts = { name: `process ${topic}`, start, more: new Map(), told: undefined }
    this.#facts.set(topic, facts)
    return facts
  }

  #moreOf({ more }: TopicFacts, topic: string, partition: number): Attributes {
    const before = more.get(partition)
    if (before !== undefined) return before
    const { 'messaging.destination.name': _, ...attributes } = messagingAttributes('process', topic, this.#client)
    attributes['messaging.destination.partition.id'] = `${partition}`
    more.set(partition, attributes)
    return attributes
  }

  /** Handles a batch inside a `process` span that links to the senders, after a `poll` span that tells its arrival. */
  async processBatch(batch: Batch, work: TracedWork, run: () => Promise<void>): Promise<void> {
    const { topic, partition, messages } = batch
    const shared = {
      'messaging.destination.partition.id': `${partition}`,
      'messaging.batch.message_count': messages.length,
    }
    const links = senderLinks(messages)
    const poll = { ...messagingAttributes('poll', topic, this.#client), ...shared }
    startSpan(`poll ${topic}`, { kind: SpanKind.CLIENT, attributes: poll, links }).end()
    const attributes = { ...messagingAttributes('process', topic, this.#client), ...shared }
    const parent = context.active()
    const span = startSpan(`process ${topic}`, { kind: SpanKind.CONSUMER, attributes, links }, parent)
    addWork(span, work)
    return runIn(span, parent, run)
  }
}

/** Leaves an `authorize` span that tells a refusal. */
export function traceDenial(denial: Denial, clientId: string | undefined): void {
  if (!isTracing()) return
  const { resourceType, resourceName, operation, decision, policyRevision, programDigest } = denial
  const span = startSpan(`authorize ${resourceName}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      'messaging.system': 'kafka',
      ...(resourceType === 'topic' && { 'messaging.destination.name': resourceName }),
      ...(clientId !== undefined && { 'messaging.client.id': clientId }),
      'error.type': 'ERR_KAFKAJS_DENIED',
    },
  })
  const policy = { revision: policyRevision, program: { digest: programDigest } }
  span.addEvent(DECISION_EVENT, decisionAttributes({ resourceType, name: resourceName, operation }, decision, policy))
  span.setStatus({ code: SpanStatusCode.ERROR, message: decision.reason })
  span.end()
}
