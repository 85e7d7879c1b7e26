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

let last:
  | { readonly fields: readonly string[]; readonly values: readonly unknown[]; readonly context: Context }
  | undefined

const isSame = (value: unknown, other: unknown): boolean =>
  value === other || (Buffer.isBuffer(value) && Buffer.isBuffer(other) && value.equals(other))

/** What the headers say to the registered propagator; records of one send say the same, and are read once. */
function extract(headers: IHeaders): Context {
  const fields = propagation.fields()
  const values = fields.map((name) => (Object.hasOwn(headers, name) ? headers[name] : undefined))
  const isKnown =
    last?.fields.length === fields.length &&
    fields.every((name, at) => last?.fields[at] === name && isSame(values[at], last.values[at]))
  if (isKnown && last !== undefined) return last.context
  const context = propagation.extract(ROOT_CONTEXT, headers, getter)
  // A copy: the application may write into what it is given.
  const own = values.map((value) => (Buffer.isBuffer(value) ? Buffer.from(value) : value))
  last = { fields, values: own, context }
  return context
}

/** The context in which a record was sent; nothing where its headers hold none. */
export function senderContext({ headers }: KafkaMessage): Context | undefined {
  if (headers === undefined) return undefined
  const context = extract(headers)
  const span = trace.getSpanContext(context)
  return span !== undefined && isSpanContextValid(span) ? context : undefined
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
