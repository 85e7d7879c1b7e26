import { type Context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import type { IHeaders, KafkaMessage } from '#kafkajs'
import { headerGetter, headerOf } from './propagation.ts'

/** The headers of W3C trace context and baggage: where a propagator reads no others, `traceparent` alone says what was sampled. */
const W3C: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage'])
const TRACEPARENT_BYTES = 55
const [ZERO, NINE, DASH] = [0x30, 0x39, 0x2d]
/** For each byte whether it is a digit of a hexadecimal number, as trace contexts write it. */
const IS_HEX = Uint8Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** Whether a part is a hexadecimal number other than zero. */
function isNumber(bytes: Buffer, from: number, to: number): boolean {
  let isZero = true
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    if (IS_HEX[byte] === 0) return false
    if (byte !== ZERO) isZero = false
  }
  return !isZero
}

/** Whether a `traceparent` of version 00 is well formed and has the flag `sampled` off (W3C Trace Context, section 3.2). */
function saysUnsampled(traceparent: Buffer): boolean {
  if (traceparent.length !== TRACEPARENT_BYTES) return false
  if (traceparent[0] !== ZERO || traceparent[1] !== ZERO || traceparent[2] !== DASH) return false
  if (traceparent[35] !== DASH || traceparent[52] !== DASH) return false
  const [high, low] = [traceparent[53] ?? 0, traceparent[54] ?? 0]
  if (IS_HEX[high] === 0 || IS_HEX[low] === 0) return false
  // The last bit of a digit is that of its character, that of a letter is the other one: `a` is even.
  const isSampled = (low & 1) === (low <= NINE ? 1 : 0)
  return !isSampled && isNumber(traceparent, 3, 35) && isNumber(traceparent, 36, 52)
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

/** Whether a propagator that reads these headers says by `traceparent` alone what was sampled. */
export function isToldByTraceparent(fields: readonly string[]): boolean {
  return fields.includes('traceparent') && fields.every((name) => W3C.has(name))
}

/**
 * The context that a record was sent in, where its sender did not sample it.
 *
 * Nothing where its headers leave that open; the registered propagator must be one that {@link isToldByTraceparent} is true of.
 */
export function unsampledSender({ headers }: KafkaMessage): Context | undefined {
  const traceparent = headerOf(headers, 'traceparent')
  if (!Buffer.isBuffer(traceparent) || !saysUnsampled(traceparent)) return undefined
  // Not the application's object, which it may write into.
  const [tracestate, baggage] = [headerOf(headers, 'tracestate'), headerOf(headers, 'baggage')]
  return new LateContext({ traceparent, tracestate, baggage })
}
