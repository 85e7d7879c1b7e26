import {
  type Context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'
import type { IHeaders, KafkaMessage } from '#kafkajs'

type HeaderValue = IHeaders[string]

/** Reads headers of records for propagators. */
export const headerGetter: TextMapGetter<IHeaders> = {
  keys: (headers) => Object.keys(headers),
  get(headers, name) {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined
    const first = Array.isArray(value) ? value[0] : value
    return first?.toString()
  },
}

/** The context as headers, by whatever propagator is registered. */
export function contextHeaders(context: Context): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  propagation.inject(context, headers)
  return headers
}

/** What the headers of a record say of the context in which it was sent. */
export interface Sender {
  /** The headers that the registered propagator reads, and what they held. */
  readonly fields: readonly string[]
  readonly values: readonly HeaderValue[]
  /** Nothing where they hold none. */
  readonly context: Context | undefined
}

/** Compares where the bytes stand: for a context's fifty bytes that takes less than a call out of JavaScript. */
function isSame(value: HeaderValue, other: HeaderValue): boolean {
  if (value === other) return true
  if (!Buffer.isBuffer(value) || !Buffer.isBuffer(other) || value.length !== other.length) return false
  for (let at = value.length - 1; at >= 0; at -= 1) if (value[at] !== other[at]) return false
  return true
}

/** The value of a header of that name. */
export const headerOf = (headers: IHeaders | undefined, name: string): HeaderValue =>
  headers !== undefined && Object.hasOwn(headers, name) ? headers[name] : undefined

/** Whether a record's headers say the same of its sender. */
export function saysTheSame({ fields, values }: Sender, { headers }: KafkaMessage): boolean {
  let at = 0
  for (const name of fields) {
    if (!isSame(headerOf(headers, name), values[at])) return false
    at += 1
  }
  return true
}

const isAsked = ({ fields }: Sender, asked: readonly string[]): boolean =>
  fields.length === asked.length && fields.every((name, at) => name === asked[at])

let last: Sender | undefined

/** Reads in which context a record was sent, by whatever propagator is registered. Records of one send say the same, and are read once. */
export function readSender(message: KafkaMessage): Sender {
  const fields = propagation.fields()
  if (last !== undefined && isAsked(last, fields) && saysTheSame(last, message)) return last
  const { headers } = message
  const extracted = headers === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers, headerGetter)
  const span = trace.getSpanContext(extracted)
  const context = span !== undefined && isSpanContextValid(span) ? extracted : undefined
  // Copies: the application may write into what it is given, and a view would keep its whole batch.
  const values = fields.map((name) => {
    const value = headerOf(headers, name)
    return Buffer.isBuffer(value) ? Buffer.from(value) : value
  })
  last = { fields, values, context }
  return last
}

const MAX_LINKS = 128

/** Links to the senders of the first records that name one. */
export function senderLinks(messages: readonly KafkaMessage[]): Link[] {
  const links: Link[] = []
  for (const message of messages) {
    if (links.length === MAX_LINKS) break
    const sender = readSender(message).context
    const context = sender === undefined ? undefined : trace.getSpanContext(sender)
    if (context !== undefined) links.push({ context })
  }
  return links
}
