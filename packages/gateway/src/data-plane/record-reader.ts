import type { Clock, ClockTimer } from '@headgate/core'
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
  defaultListOffsetsRequest,
  defaultListOffsetsRequestListOffsetsPartition,
  defaultListOffsetsRequestListOffsetsTopic,
  ErrorCode,
  type FetchResponse,
  type FetchResponsePartitionData,
  type ListOffsetsResponse,
  ZERO_UUID,
} from '@headgate/wire'
import type { RecordAnswer, RecordRequest, RecordSource } from '../record-source.ts'
import type { ClusterView, TopicPlace } from './cluster-view.ts'
import { UpstreamUnreachableError } from './errors.ts'
import type { CredentialSource, UpstreamLink, UpstreamLinks } from './upstream-link.ts'

const FETCH_KEY = 1
/** From 13 on a fetch names the topic's id, so that a topic made anew is never taken for the old one. */
const FETCH_VERSION_WITH_IDS = 13
const LIST_OFFSETS_KEY = 2
const LIST_OFFSETS_VERSION = 5
const EARLIEST = -2n
const CLIENT_ID = 'headgate-replay'
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_MS = 30_000
const TRIES = 3
const NOTHING: Buffer = Buffer.alloc(0)

/** Errors that a new look at the cluster may mend. */
const MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

interface KeptLink {
  readonly link: Promise<UpstreamLink>
  idle: ClockTimer | undefined
}

/** What {@link RecordReader} reads with. */
export interface RecordReaderOptions {
  readonly cluster: ClusterView
  readonly links: UpstreamLinks
  readonly credential: CredentialSource
  readonly clock: Clock
}

/** Reads records by the gateway's own credential, on connections of its own that are kept for half a minute. */
export class RecordReader implements RecordSource {
  readonly #options: RecordReaderOptions
  readonly #links = new Map<number, KeptLink>()

  constructor(options: RecordReaderOptions) {
    this.#options = options
  }

  async read(request: RecordRequest): Promise<RecordAnswer> {
    for (let left = TRIES; left > 0; left -= 1) {
      const answer = await this.#tryRead(request).catch(() => undefined)
      if (answer !== undefined) return answer
    }
    return { outcome: 'unreachable', topicId: undefined, logStartOffset: undefined, records: NOTHING }
  }

  /** Ends the connections. */
  close(): void {
    for (const brokerId of [...this.#links.keys()]) this.#drop(brokerId)
  }

  /** `undefined` where the partition has moved. */
  async #tryRead(request: RecordRequest): Promise<RecordAnswer | undefined> {
    const place = await this.#options.cluster.locateTopic(request.topic)
    const topicId = place === undefined || place.topicId === ZERO_UUID ? undefined : place.topicId
    const unread = { topicId, logStartOffset: undefined, records: NOTHING }
    const leader = place?.leaderByPartition.get(request.partition)
    if (place === undefined || leader === undefined) return { outcome: 'unknown', ...unread }
    const data = await this.#fetch(leader, place, request)
    if (data.errorCode === ErrorCode.NONE) {
      const logStartOffset = data.logStartOffset >= 0n ? data.logStartOffset : undefined
      return { outcome: 'read', topicId, logStartOffset, records: data.records ?? NOTHING }
    }
    if (data.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const logStartOffset = await this.#logStart(leader, request)
      return { outcome: 'out-of-range', topicId, logStartOffset, records: NOTHING }
    }
    if (data.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return { outcome: 'unknown', ...unread }
    return MOVED.has(data.errorCode) ? undefined : { outcome: 'unreachable', ...unread }
  }

  async #fetch(
    leader: number,
    { topicId }: TopicPlace,
    { topic, partition, fromOffset, maxBytes }: RecordRequest,
  ): Promise<FetchResponsePartitionData> {
    const byId = topicId !== ZERO_UUID && this.#maxVersion(FETCH_KEY) >= FETCH_VERSION_WITH_IDS
    const asked = {
      ...defaultFetchRequestFetchPartition(),
      partition,
      fetchOffset: fromOffset,
      partitionMaxBytes: maxBytes,
    }
    const topics = [{ ...defaultFetchRequestFetchTopic(), topic, topicId, partitions: [asked] }]
    const response = await this.#ask<FetchResponse>(leader, {
      apiKey: FETCH_KEY,
      apiVersion: byId ? FETCH_VERSION_WITH_IDS : FETCH_VERSION_WITH_IDS - 1,
      body: { ...defaultFetchRequest(), minBytes: 1, maxBytes, topics },
    })
    const data = response.responses[0]?.partitions[0]
    if (response.errorCode !== ErrorCode.NONE || data === undefined)
      throw new UpstreamUnreachableError({ message: 'upstream: a broker did not give records', retryable: true })
    return data
  }

  async #logStart(leader: number, { topic, partition }: RecordRequest): Promise<bigint | undefined> {
    const asked = { ...defaultListOffsetsRequestListOffsetsPartition(), partitionIndex: partition, timestamp: EARLIEST }
    const topics = [{ ...defaultListOffsetsRequestListOffsetsTopic(), name: topic, partitions: [asked] }]
    const response = await this.#ask<ListOffsetsResponse>(leader, {
      apiKey: LIST_OFFSETS_KEY,
      apiVersion: LIST_OFFSETS_VERSION,
      body: { ...defaultListOffsetsRequest(), replicaId: -1, topics },
    })
    const data = response.topics[0]?.partitions[0]
    return data?.errorCode === ErrorCode.NONE ? data.offset : undefined
  }

  async #ask<Response>(
    brokerId: number,
    request: { readonly apiKey: number; readonly apiVersion: number; readonly body: unknown },
  ): Promise<Response> {
    const { clock } = this.#options
    const link = await this.#linkTo(brokerId)
    const cause = { message: 'upstream: a broker did not answer the gateway in time', retryable: true }
    const deadline = clock.after(REQUEST_TIMEOUT_MS, () => link.upstream.abort(new UpstreamUnreachableError(cause)))
    try {
      return await link.request<Response>({ ...request, clientId: CLIENT_ID })
    } catch (error) {
      this.#drop(brokerId)
      throw error
    } finally {
      deadline.cancel()
    }
  }

  async #linkTo(brokerId: number): Promise<UpstreamLink> {
    const { clock } = this.#options
    const kept = this.#links.get(brokerId) ?? this.#open(brokerId)
    kept.idle?.cancel()
    kept.idle = clock.after(IDLE_MS, () => this.#drop(brokerId))
    const link = await kept.link.catch((error: unknown) => {
      this.#drop(brokerId)
      throw error
    })
    if (!link.isClosed) return link
    this.#drop(brokerId)
    throw new UpstreamUnreachableError({ message: 'upstream: closed', retryable: true })
  }

  #open(brokerId: number): KeptLink {
    const { cluster, links, credential } = this.#options
    const address = cluster.brokerAddress(brokerId)
    if (address === undefined)
      throw new UpstreamUnreachableError({ message: 'cluster: the broker is not known', retryable: true })
    const kept: KeptLink = { link: links.open(address, credential, CLIENT_ID), idle: undefined }
    this.#links.set(brokerId, kept)
    return kept
  }

  #drop(brokerId: number): void {
    const kept = this.#links.get(brokerId)
    if (kept === undefined) return
    this.#links.delete(brokerId)
    kept.idle?.cancel()
    kept.link.then((link) => link.close()).catch(() => {})
  }

  #maxVersion(apiKey: number): number {
    const { apiKeys } = this.#options.cluster.versions
    return apiKeys.find((entry) => entry.apiKey === apiKey)?.maxVersion ?? 0
  }
}
