import { type Context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import type { IHeaders, KafkaMessage } from '#kafkajs'
import { headerGetter, headerOf } from './propagation.ts'

/** The headers of W3C trace context and baggage: where a propagator reads no others, `traceparent` alone says what was sampled. */
const W3C = ['traceparent', 'tracestate', 'baggage'] as const
const TRACEPARENT_BYTES = 55
const DASHES = [2, 35, 52]
const [ZERO, NINE, A, F, DASH] = [0x30, 0x39, 0x61, 0x66, 0x2d]
const isHex = (byte: number): boolean => (byte >= ZERO && byte <= NINE) || (byte >= A && byte <= F)

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] !== ZERO) return false
  return true
}

/** Whether a `traceparent` of version 00 is well formed and has the flag `sampled` off (W3C Trace Context, section 3.2). */
export function saysUnsampled(traceparent: Buffer): boolean {
  if (traceparent.length !== TRACEPARENT_BYTES) return false
  for (let at = 0; at < TRACEPARENT_BYTES; at += 1) {
    const byte = traceparent[at] ?? 0
    if (DASHES.includes(at) ? byte !== DASH : !isHex(byte)) return false
  }
  // The last bit of a digit is that of its character, that of a letter is the other one: `a` is even.
  const flags = traceparent[TRACEPARENT_BYTES - 1] ?? 0
  const isSampled = (flags & 1) === (flags <= NINE ? 1 : 0)
  return !isSampled && isZero(traceparent, 0, 2) && !isZero(traceparent, 3, 35) && !isZero(traceparent, 36, 52)
}

/** The context that a record was sent in, read by the registered propagator when something is looked up in it, which is seldom. */
class LateContext implements Context {
  readonly #headers: IHeaders
  #context: Context | undefined

  constructor(headers: IHeaders) {
    this.#headers = headers
  }

  getValue(key: symbol): unknown {
    return this.#read().getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#read().setValue(key, value)
  }

  deleteValue(key: symbol): Context {
    return this.#read().deleteValue(key)
  }

  #read(): Context {
    this.#context ??= propagation.extract(ROOT_CONTEXT, this.#headers, headerGetter)
    return this.#context
  }
}

/**
 * The context that a record was sent in, where its sender did not sample it.
 *
 * Nothing where that cannot be told from its `traceparent` alone: then the propagator has to be asked.
 *
 * @param fields the headers that the registered propagator reads
 */
export function unsampledSender({ headers }: KafkaMessage, fields: readonly string[]): Context | undefined {
  const traceparent = headerOf(headers, 'traceparent')
  if (!Buffer.isBuffer(traceparent) || !saysUnsampled(traceparent)) return undefined
  if (!fields.includes('traceparent') || fields.some((name) => !W3C.includes(name as (typeof W3C)[number])))
    return undefined
  // Not the application's object, which it may write into.
  return new LateContext({
    traceparent,
    tracestate: headerOf(headers, 'tracestate'),
    baggage: headerOf(headers, 'baggage'),
  })
}
