import {
  type CreateTopicsResponse,
  defaultCreateTopicsRequestCreatableTopic,
  type MetadataResponse,
} from '@headgate/wire'
import type { RawClient } from '../clients/raw-client.ts'
import { askBroker, assertNoError, everyBroker, type InternalAccess } from './broker-request.ts'
import { until } from './until.ts'

/** A topic to create. */
export interface NewTopic {
  readonly topic: string
  readonly partitions: number
}

const METADATA = { apiKey: 3, version: 12 }
const CREATE_TOPICS = { apiKey: 19, version: 7 }

/** Whether every broker lists every broker. */
export function allListed(access: InternalAccess): Promise<boolean> {
  return everyBroker(access, async (client) => (await metadata(client, [])).brokers.length === access.ports.length)
}

/**
 * Creates topics, replicated to every broker, and waits until each broker names the leaders of each partition: brokers
 * learn of a topic one after another.
 *
 * @throws {BrokerAnswerError} `ERR_TEST_BROKER_ANSWER`, for instance with code 36 for a topic that exists
 */
export async function createTopics(access: InternalAccess, topics: readonly NewTopic[]): Promise<void> {
  const [port = 0] = access.ports
  if (topics.length === 0) return
  await askBroker(port, access.credential, (client) => requestTopics(client, topics))
  const names = topics.map(({ topic }) => topic)
  await until(`leaders of ${names.join(', ')} on every broker`, () =>
    everyBroker(access, async (client) => isLed(await metadata(client, names), topics)),
  )
}

async function requestTopics(client: RawClient, topics: readonly NewTopic[]): Promise<void> {
  const request = {
    topics: topics.map(({ topic, partitions }) => ({
      ...defaultCreateTopicsRequestCreatableTopic(),
      name: topic,
      numPartitions: partitions,
      replicationFactor: -1,
    })),
  }
  const answer = await client.request<CreateTopicsResponse>(CREATE_TOPICS.apiKey, CREATE_TOPICS.version, request)
  for (const { name, errorCode } of answer.topics) assertNoError(`CreateTopics of ${name}`, errorCode)
}

function metadata(client: RawClient, names: readonly string[]): Promise<MetadataResponse> {
  const topics = names.map((name) => ({ name, topicId: NO_TOPIC_ID }))
  return client.request(METADATA.apiKey, METADATA.version, { topics, allowAutoTopicCreation: false })
}

const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

function isLed(answer: MetadataResponse, topics: readonly NewTopic[]): boolean {
  return topics.every(({ topic, partitions }) => {
    const known = answer.topics.find(({ name }) => name === topic)
    return known?.partitions.filter(({ leaderId }) => leaderId >= 0).length === partitions
  })
}
