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
  const copy: Message = { value }
  if (key !== undefined) copy.key = key
  if (partition !== undefined && partition !== null) copy.partition = Number(partition)
  if (timestamp !== undefined) copy.timestamp = timestamp
  if (headers !== undefined) copy.headers = { ...headers }
  return copy
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
  // Those that have none share the added ones, which nobody changes.
  for (const message of messages)
    message.headers = message.headers === undefined ? headers : { ...headers, ...message.headers }
}

/** Gives bytes a memory of their own: a copy from the shared pool would be a view on that of others. */
export function copyBuffer(view: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(view.length)
  view.copy(copy)
  return copy
}

const sizeOf = (value: HeaderValue | null): number => {
  if (Buffer.isBuffer(value)) return value.length
  return Array.isArray(value) ? value.reduce((sum, item) => sum + sizeOf(item), 0) : 0
}

function sizeOfRecord({ key, value, headers }: KafkaMessage): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  if (headers !== undefined) for (const name of Object.keys(headers)) size += sizeOf(headers[name])
  return size
}

/**
 * Memory for the bytes of received records.
 *
 * A fetched buffer is a view on other records too, so that these could be read through it. Through what is kept here only what is
 * kept here can be read: whoever is given one of its records may see all of them.
 */
class RecordMemory {
  readonly #bytes: Buffer
  #at = 0

  constructor(records: readonly KafkaMessage[]) {
    this.#bytes = Buffer.allocUnsafeSlow(records.reduce((sum, record) => sum + sizeOfRecord(record), 0))
  }

  keep(view: Buffer): Buffer {
    const start = this.#at
    this.#at = start + view.copy(this.#bytes, start)
    return this.#bytes.subarray(start, this.#at)
  }

  keepHeaderValue(value: HeaderValue): HeaderValue {
    if (Array.isArray(value)) return value.map((item) => (Buffer.isBuffer(item) ? this.keep(item) : item))
    return Buffer.isBuffer(value) ? this.keep(value) : value
  }
}

/** Sets a header of that name: it may be called `__proto__`. */
export function setHeader(headers: IHeaders, name: string, value: HeaderValue): void {
  if (name === '__proto__')
    Object.defineProperty(headers, name, { value, writable: true, enumerable: true, configurable: true })
  else headers[name] = value
}

function copyHeaders(headers: IHeaders, memory: RecordMemory): IHeaders {
  const copy: IHeaders = {}
  for (const name of Object.keys(headers)) setHeader(copy, name, memory.keepHeaderValue(headers[name]))
  return copy
}

function copyInto(memory: RecordMemory, { key, value, headers, ...rest }: KafkaMessage): KafkaMessage {
  const { timestamp, attributes, offset, size } = { size: undefined, ...rest }
  const [ownKey, ownValue] = [key && memory.keep(key), value && memory.keep(value)]
  const base = { key: ownKey, value: ownValue, timestamp, attributes, offset }
  if (headers !== undefined) return { ...base, headers: copyHeaders(headers, memory) }
  return size === undefined ? { ...base, headers: {} } : { ...base, size }
}

/** Copies a received record: the declared members only, with bytes of its own. The application may change it. */
export function copyIncoming(message: KafkaMessage): KafkaMessage {
  return copyInto(new RecordMemory([message]), message)
}

/** Copies received records into one memory, which holds nothing else: for records that may be seen by the same reader. */
export function copyAllIncoming(messages: readonly KafkaMessage[]): KafkaMessage[] {
  const memory = new RecordMemory(messages)
  return messages.map((message) => copyInto(memory, message))
}

/** Gives a received record as it is, the declared members only: for one whose memory holds only what its reader may see. */
export function takeIncoming({ key, value, timestamp, attributes, offset, headers = {} }: KafkaMessage): KafkaMessage {
  return { key, value, timestamp, attributes, offset, headers }
}
