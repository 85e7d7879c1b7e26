import { type IHeaders, KafkaJSNonRetriableError, type KafkaMessage, type Message, type TopicMessages } from '#kafkajs'

type HeaderValue = IHeaders[string]

/**
 * Copies a message to send, reading each member once, so that what was decided on is what is sent.
 *
 * The caller's objects are never changed. Buffers are not copied: kafkajs only reads them.
 */
function copyOutgoing(topic: string, message: Message): Message {
  const { key, value, partition, headers, timestamp } = message
  // kafkajs would print the whole message into its error.
  if (value === undefined) throw new KafkaJSNonRetriableError(`Invalid message without value for topic "${topic}"`)
  return {
    value,
    ...(key !== undefined && { key }),
    ...(partition !== undefined && partition !== null && { partition: Number(partition) }),
    ...(timestamp !== undefined && { timestamp }),
    ...(headers !== undefined && { headers: { ...headers } }),
  }
}

/** Copies what is sent to one topic. */
export function copyTopicMessages({ topic, messages }: TopicMessages): TopicMessages {
  if (typeof topic !== 'string' || topic === '') throw new KafkaJSNonRetriableError('Invalid topic')
  if (!Array.isArray(messages)) {
    throw new KafkaJSNonRetriableError(`Invalid messages array [${typeof messages}] for topic "${topic}"`)
  }
  return { topic, messages: messages.map((message) => copyOutgoing(topic, message)) }
}

/** Adds headers to messages of our own; a header that a message already has is kept. */
export function addHeaders(messages: readonly Message[], headers: Readonly<Record<string, string>>): void {
  for (const message of messages) message.headers = { ...headers, ...message.headers }
}

/**
 * Gives bytes a memory of their own: a fetched buffer is a view on the whole answer, so that neighbours' records could
 * be read through it, and a copy from the shared pool would be a view again.
 */
export function copyBuffer(view: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(view.length)
  view.copy(copy)
  return copy
}

function copyHeaderValue(value: HeaderValue): HeaderValue {
  if (Array.isArray(value)) return value.map((item) => (Buffer.isBuffer(item) ? copyBuffer(item) : item))
  return Buffer.isBuffer(value) ? copyBuffer(value) : value
}

/** Sets a header of that name: it may be called `__proto__`. */
export function setHeader(headers: IHeaders, name: string, value: HeaderValue): void {
  Object.defineProperty(headers, name, { value, writable: true, enumerable: true, configurable: true })
}

function copyHeaders(headers: IHeaders): IHeaders {
  const copy: IHeaders = {}
  for (const name of Object.keys(headers)) setHeader(copy, name, copyHeaderValue(headers[name]))
  return copy
}

const copyOrNull = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : copyBuffer(bytes))

/** Copies a received record: the declared members only, with bytes of their own. The application may change it. */
export function copyIncoming(message: KafkaMessage): KafkaMessage {
  const { timestamp, attributes, offset } = message
  const base = { key: copyOrNull(message.key), value: copyOrNull(message.value), timestamp, attributes, offset }
  if (message.headers !== undefined) return { ...base, headers: copyHeaders(message.headers) }
  return message.size === undefined ? { ...base, headers: {} } : { ...base, size: message.size }
}
