import { isSpanContextValid, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { messageOf } from '../testing/obligations.ts'
import { headerGetter } from './propagation.ts'
import { isToldByTraceparent, unsampledSender } from './unsampled-sender.ts'

const w3c = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] })
beforeEach(() => propagation.setGlobalPropagator(w3c))
afterEach(() => propagation.disable())

const unsampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`
const headersOf = (texts: Record<string, string>): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]))
const senderOf = (texts: Record<string, string>) => unsampledSender(messageOf({ headers: headersOf(texts) }))

const hex = (length: number): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }),
    },
    fc.constantFrom('0'.repeat(length), 'F'.repeat(length), 'g'.repeat(length)),
  )
const traceparent = fc.oneof(
  fc
    .tuple(fc.oneof({ weight: 4, arbitrary: fc.constant('00') }, hex(2)), hex(32), hex(16), hex(2))
    .map((parts) => parts.join('-')),
  fc.string(),
  fc.string({ minLength: 55, maxLength: 55 }),
)

test('it never tells that something was not sampled where the propagator says otherwise', () => {
  fc.assert(
    fc.property(traceparent, (text) => {
      const extracted = trace.getSpanContext(
        propagation.extract(ROOT_CONTEXT, headersOf({ traceparent: text }), headerGetter),
      )
      const isUnsampled =
        extracted !== undefined && isSpanContextValid(extracted) && (extracted.traceFlags & TraceFlags.SAMPLED) === 0
      const late = senderOf({ traceparent: text })
      // Another version than 00 is left to the propagator.
      expect(late !== undefined).toBe(isUnsampled && text.startsWith('00'))
      if (late !== undefined) expect(trace.getSpanContext(late)).toEqual(extracted)
    }),
    { numRuns: 2000 },
  )
})

test('the context is what the propagator makes of the headers, when somebody looks', () => {
  let reads = 0
  const counting = new W3CTraceContextPropagator()
  propagation.disable()
  propagation.setGlobalPropagator({
    inject: () => {},
    fields: () => w3c.fields(),
    extract: (context, carrier, getter) => {
      reads += 1
      return new W3CBaggagePropagator().extract(counting.extract(context, carrier, getter), carrier, getter)
    },
  })
  const late = senderOf({ traceparent: unsampled, tracestate: 'v=1', baggage: 'tenant=t1' })
  expect(reads).toBe(0)

  const key = Symbol('own')
  expect(late && trace.getSpanContext(late)).toMatchObject({ traceId: 'a'.repeat(32), isRemote: true })
  expect(late && trace.getSpanContext(late)?.traceState?.get('v')).toBe('1')
  expect(late && propagation.getBaggage(late)?.getEntry('tenant')?.value).toBe('t1')
  expect(late?.setValue(key, 1).getValue(key)).toBe(1)
  expect(late?.setValue(key, 1).deleteValue(key).getValue(key)).toBeUndefined()
  expect(late && trace.getSpan(trace.deleteSpan(late))).toBeUndefined()
  expect(reads).toBe(1)
})

test('where a propagator reads other headers too, it is asked', () => {
  expect(isToldByTraceparent(w3c.fields())).toBe(true)
  expect(isToldByTraceparent(['b3', ...w3c.fields()])).toBe(false)
  expect(isToldByTraceparent(['tracestate'])).toBe(false)
  expect(senderOf({})).toBeUndefined()
})

test('what the application does to the headers of its record does not reach the context', () => {
  const headers = headersOf({ traceparent: unsampled })
  const late = unsampledSender(messageOf({ headers }))
  delete headers['traceparent']

  expect(late && trace.getSpanContext(late)?.traceId).toBe('a'.repeat(32))
})
