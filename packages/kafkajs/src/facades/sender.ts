import type { ProducerBatch, ProducerRecord, RecordMetadata, TopicMessages } from '#kafkajs'
import type { Ask } from '../access/ask.ts'
import type { ProducerScope } from '../access/surface.ts'
import type { Client } from './client.ts'
import { addHeaders, copyTopicMessages } from './messages.ts'

/** What producers and transactions have in common. */
export interface Sender {
  send(record: ProducerRecord): Promise<RecordMetadata[]>
  sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]>
}

/** What sending asks of policy. */
export interface SenderSurface {
  readonly send: (scope: ProducerScope, record: ProducerRecord) => readonly Ask[]
  readonly sendBatch: (scope: ProducerScope, batch: ProducerBatch) => readonly Ask[]
}

/** The options of a send that are not the messages; an absent one stays absent. */
function sendOptions({ acks, timeout, compression }: ProducerBatch): ProducerBatch {
  return {
    ...(acks !== undefined && { acks }),
    ...(timeout !== undefined && { timeout }),
    ...(compression !== undefined && { compression }),
  }
}

/**
 * Sends through kafkajs what policy allows: all of a call, or nothing of it.
 *
 * @param object the object's name in errors and events, such as `producer`
 */
export function createSender(
  inner: Sender,
  { gate, tracing }: Client,
  scope: ProducerScope,
  surface: SenderSurface,
  object: string,
): Sender {
  const deliver = async (
    method: string,
    asks: readonly Ask[],
    topics: readonly TopicMessages[],
    forward: () => Promise<RecordMetadata[]>,
  ): Promise<RecordMetadata[]> => {
    await gate.admit(`${object}.${method}`, asks)
    if (!tracing.isOn) return forward()
    return tracing.send(topics, asks, (headers) => {
      for (const { messages } of topics) addHeaders(messages, headers)
      return forward()
    })
  }
  return {
    async send(record) {
      const copy = { ...sendOptions(record), ...copyTopicMessages(record) }
      return deliver('send', surface.send(scope, copy), [copy], () => inner.send(copy))
    },
    async sendBatch(batch) {
      const topicMessages = (batch.topicMessages ?? []).map(copyTopicMessages)
      const copy = { ...sendOptions(batch), topicMessages }
      return deliver('sendBatch', surface.sendBatch(scope, copy), topicMessages, () => inner.sendBatch(copy))
    },
  }
}
