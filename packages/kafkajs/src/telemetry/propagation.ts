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

const getter: TextMapGetter<IHeaders> = {
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

/** What the headers of the last record said, and the context that they came to. */
interface Extracted {
  readonly fields: readonly string[]
  readonly values: readonly HeaderValue[]
  readonly sender: Context | undefined
}

let last: Extracted | undefined

const isSame = (value: HeaderValue, other: HeaderValue): boolean =>
  value === other || (Buffer.isBuffer(value) && Buffer.isBuffer(other) && value.equals(other))

const headerOf = (headers: IHeaders, name: string): HeaderValue =>
  Object.hasOwn(headers, name) ? headers[name] : undefined

function saysTheSame({ fields, values }: Extracted, headers: IHeaders, asked: readonly string[]): boolean {
  if (fields.length !== asked.length) return false
  for (let at = 0; at < asked.length; at += 1) {
    const name = asked[at]
    if (name === undefined || name !== fields[at] || !isSame(headerOf(headers, name), values[at])) return false
  }
  return true
}

/** The context in which a record was sent; nothing where its headers hold none. Records of one send say the same, and are read once. */
export function senderContext({ headers }: KafkaMessage): Context | undefined {
  if (headers === undefined) return undefined
  const fields = propagation.fields()
  if (last !== undefined && saysTheSame(last, headers, fields)) return last.sender
  const context = propagation.extract(ROOT_CONTEXT, headers, getter)
  const span = trace.getSpanContext(context)
  const sender = span !== undefined && isSpanContextValid(span) ? context : undefined
  // Copies: the application may write into what it is given, and a view would keep its whole batch.
  const values = fields.map((name) => {
    const value = headerOf(headers, name)
    return Buffer.isBuffer(value) ? Buffer.from(value) : value
  })
  last = { fields, values, sender }
  return sender
}

const MAX_LINKS = 128

/** Links to the senders of the first records that name one. */
export function senderLinks(messages: readonly KafkaMessage[]): Link[] {
  const links: Link[] = []
  for (const message of messages) {
    if (links.length === MAX_LINKS) break
    const sender = senderContext(message)
    const context = sender === undefined ? undefined : trace.getSpanContext(sender)
    if (context !== undefined) links.push({ context })
  }
  return links
}
