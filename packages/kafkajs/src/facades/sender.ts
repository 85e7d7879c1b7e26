import type { Decision } from '@headgate/policy'
import type { ProducerBatch, ProducerRecord, RecordMetadata, TopicMessages } from '#kafkajs'
import type { Ask } from '../access/ask.ts'
import type { Admission } from '../access/gate.ts'
import type { ProducerScope } from '../access/surface.ts'
import { maskOutgoing } from '../masking/mask-outgoing.ts'
import { MaskTally } from '../masking/mask-tally.ts'
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

const isObliging = ({ obligations }: Decision): boolean => obligations?.mask !== undefined

/** Masks what is sent by what the decisions on its topics oblige to; gives nothing where they oblige to nothing. */
function maskTopics(
  { masks }: Client,
  { asks, decisions }: Admission,
  topics: readonly TopicMessages[],
): MaskTally | undefined {
  if (!decisions.some(isObliging)) return undefined
  const tally = new MaskTally()
  // Of what is asked, writes on topics stand in the order of the topics.
  const writes = decisions.filter((_, index) => asks[index]?.resourceType === 'topic')
  for (const [index, topic] of topics.entries()) {
    const mask = masks.of(writes[index])
    if (mask !== undefined) maskOutgoing(mask, topic, tally)
  }
  return tally
}

/**
 * Sends through kafkajs what policy allows: all of a call, or nothing of it.
 *
 * @param object the object's name in errors and events, such as `producer`
 */
export function createSender(
  inner: Sender,
  client: Client,
  scope: ProducerScope,
  surface: SenderSurface,
  object: string,
): Sender {
  const { gate, tracing, metering, approvals } = client
  const deliver = async (
    method: string,
    asks: readonly Ask[],
    topics: readonly TopicMessages[],
    forward: () => Promise<RecordMetadata[]>,
  ): Promise<RecordMetadata[]> => {
    const admission = await gate.admit(`${object}.${method}`, asks)
    const tally = maskTopics(client, admission, topics)
    const holds = approvals.announce(admission)
    const forwardHeld = async (): Promise<RecordMetadata[]> =>
      forward().catch(async (error: unknown) => {
        throw await approvals.explain(`${object}.${method}`, holds, error)
      })
    const unmeasured = holds.length === 0 ? forward : forwardHeld
    const run = metering.isOn ? () => metering.send(topics, unmeasured) : unmeasured
    if (!tracing.isOn) return run()
    const askIds = holds.flatMap(({ topic, operation }) => approvals.askIds(topic, operation))
    return tracing.send(topics, { admission, askIds, ...(tally !== undefined && { tally }) }, (headers) => {
      for (const { messages } of topics) addHeaders(messages, headers)
      return run()
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
