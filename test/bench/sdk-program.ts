/**
 * One client in a process of its own: `node sdk-program.ts <SdkSetting as JSON>`. It does what it is told over IPC, and
 * with `--first <topic>` it sends one record and ends.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka as KafkaClass, KafkaConfig, Message, Producer } from 'kafkajs'
import type { SdkAnswer, SdkResult, SdkSenders, SdkSetting, SdkWork } from './sdk-work.ts'

const RECORDS_A_SEND = 200
const SENDS_AT_ONCE = 4
const KEYS = 1_000
const require = createRequire(import.meta.url)
const setting = JSON.parse(process.argv[2] ?? '') as SdkSetting

function registerTracing(): void {
  const { context, propagation, trace } = require('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { W3CTraceContextPropagator } = require('@opentelemetry/core')
  const { BatchSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace')
  // What leaves the process is not what is measured: the exporter takes everything and keeps nothing.
  const exporter = {
    export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] }))
}

function createKafka(): KafkaClass {
  const shared: Partial<KafkaConfig> = { clientId: 'bench', logLevel: 1 }
  if (setting.client === 'headgate') {
    const { clientCredentials, Kafka } = require('@headgate/kafkajs')
    const { gateway, bundleKeys, issuer, clientId, clientSecret } = setting.headgate
    const identity = clientCredentials({ issuer, clientId, clientSecret })
    return new Kafka({ ...shared, headgate: { gateway, bundleKeys, insecure: true, identity } })
  }
  const { Kafka } = require('kafkajs')
  const sasl = setting.password && { mechanism: 'plain', username: 'token', password: setting.password }
  return new Kafka({ ...shared, brokers: [setting.bootstrap], ...(sasl && { sasl }) })
}

/** A new context on each record, or on each send. */
function contextOf(senders: SdkSenders, sendId: string): { readonly traceparent: string } | undefined {
  if (senders === 'no context') return undefined
  const traceId = senders === 'sampled by send' ? sendId : randomBytes(16).toString('hex')
  return { traceparent: `00-${traceId}-b7ad6b7169203331-${senders === 'unsampled' ? '00' : '01'}` }
}

function messagesOf(bytes: number, senders: SdkSenders = 'no context'): Message[] {
  const value = randomBytes(bytes)
  const sendId = randomBytes(16).toString('hex')
  return Array.from({ length: RECORDS_A_SEND }, (_, n) => {
    const headers = contextOf(senders, sendId)
    return { key: `key-${n % KEYS}`, value, ...(headers && { headers }) }
  })
}

interface Signal {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function createSignal(): Signal {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((...functions) => {
    ;[resolve, reject] = functions
  })
  return { promise, resolve, reject }
}

async function measured(work: () => Promise<unknown>): Promise<SdkResult> {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { seconds: (performance.now() - startedAt) / 1e3, cpuSeconds: (user + system) / 1e6 }
}

let kafka: KafkaClass | undefined
let producer: Producer | undefined

async function connectedProducer(): Promise<Producer> {
  kafka ??= createKafka()
  if (producer !== undefined) return producer
  producer = kafka.producer()
  await producer.connect()
  return producer
}

async function fill({ topic, records, bytes, senders }: SdkWork & { readonly kind: 'fill' }): Promise<SdkResult> {
  const connected = await connectedProducer()
  return await measured(async () => {
    for (let left = records; left > 0; left -= RECORDS_A_SEND)
      await connected.send({ topic, messages: messagesOf(bytes, senders) })
  })
}

async function produce({ topic, records, bytes }: SdkWork & { readonly kind: 'produce' }): Promise<SdkResult> {
  const connected = await connectedProducer()
  const messages = messagesOf(bytes)
  // The first request of a topic asks for its metadata.
  await connected.send({ topic, messages: messages.slice(0, 1) })
  let left = Math.ceil(records / RECORDS_A_SEND)
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await connected.send({ topic, messages })
    }
  }
  return await measured(() => Promise.all(Array.from({ length: SENDS_AT_ONCE }, lane)))
}

/** From the moment the group has been joined to the last record. */
async function consume({ topic, records, group, by }: SdkWork & { readonly kind: 'consume' }): Promise<SdkResult> {
  kafka ??= createKafka()
  const consumer = kafka.consumer({ groupId: group })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let seen = 0
  const all = createSignal()
  const joined = createSignal()
  const count = (messages: number): void => {
    seen += messages
    if (seen >= records) all.resolve()
  }
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
  consumer.on(consumer.events.CRASH, ({ payload }) => all.reject(payload.error))
  await consumer.run(
    by === 'eachMessage'
      ? { eachMessage: async ({ message }) => count(message.value === null ? 0 : 1) }
      : { eachBatch: async ({ batch }) => count(batch.messages.length) },
  )
  await joined.promise
  const result = await measured(() => all.promise)
  await consumer.disconnect()
  return result
}

/** A new client, until its first record is acknowledged. */
async function sendFirst(topic: string): Promise<SdkResult> {
  let fresh: Producer | undefined
  const result = await measured(async () => {
    fresh = createKafka().producer()
    await fresh.connect()
    await fresh.send({ topic, messages: [{ value: 'first' }] })
  })
  await fresh?.disconnect()
  return result
}

/** A producer and a consumer that have worked, and wait. */
async function idle({ topic, group, seconds }: SdkWork & { readonly kind: 'idle' }): Promise<SdkResult> {
  const connected = await connectedProducer()
  await connected.send({ topic, messages: [{ value: 'one' }] })
  kafka ??= createKafka()
  const consumer = kafka.consumer({ groupId: group })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const received = createSignal()
  await consumer.run({ eachMessage: async () => received.resolve() })
  await received.promise
  await sleep(1_000)
  const result = await measured(() => sleep(seconds * 1_000))
  await consumer.disconnect()
  return result
}

function perform(work: SdkWork): Promise<SdkResult> {
  switch (work.kind) {
    case 'produce':
      return produce(work)
    case 'fill':
      return fill(work)
    case 'consume':
      return consume(work)
    case 'first':
      return sendFirst(work.topic)
    case 'idle':
      return idle(work)
  }
}

if (setting.spans) registerTracing()
const [, , , flag, firstTopic] = process.argv
if (flag === '--first' && firstTopic !== undefined) {
  const first = createKafka().producer()
  await first.connect()
  await first.send({ topic: firstTopic, messages: [{ value: 'first' }] })
  process.stdout.write('acknowledged\n')
  process.exit(0)
}
process.on('message', (work: SdkWork) => {
  const answer = (text: SdkAnswer): void => void process.send?.(text)
  perform(work).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: `${error}` }),
  )
})
process.on('disconnect', () => process.exit(0))
