import type { ConnectionOptions } from 'node:tls'
import type { Clock, LogPort } from '@headgate/core'
import {
  type ApiVersionsResponse,
  defaultApiVersionsRequest,
  defaultMetadataRequest,
  defaultMetadataRequestTopic,
  type MetadataResponse,
  ZERO_UUID,
} from '@headgate/wire'
import type { ClusterConfig } from '../config/gateway-config.ts'
import { UpstreamUnreachableError } from './errors.ts'
import type { UpstreamAddress } from './upstream.ts'
import type { UpstreamLink, UpstreamLinks } from './upstream-link.ts'
import type { UpstreamRequest } from './upstream-request.ts'

const API_VERSIONS = { apiKey: 18, apiVersion: 3 }
const METADATA_KEY = 3
const METADATA_VERSION_WITH_IDS = 12
const REFRESH_MS = 30_000
const CLIENT_ID = 'headgate-gateway'
const MAX_CACHED_TOPICS = 100_000
/** One request of a client may name a great many ids that are none, and all look-ups share a connection. */
const MAX_LOOKED_UP = 1_000
/** A broker that has not answered by then is given up with its connection, or every look-up would wait for it. */
const REQUEST_TIMEOUT_MS = 10_000

/** What a cluster offers: the broker's own ApiVersions answer. */
export type BrokerVersions = ApiVersionsResponse

/** A topic's id now, and the leaders of its partitions. */
export interface TopicPlace {
  readonly topicId: string
  /** Partitions without a leader are not in it. */
  readonly leaderByPartition: ReadonlyMap<number, number>
}

/**
 * What the gateway knows of the cluster by its own connection: brokers and their real addresses, offered versions,
 * and which topic id belongs to which name.
 *
 * INVARIANT: an id that is not known after a look-up is denied; it is never guessed, and a decision is never kept by id.
 */
export class ClusterView {
  #config: ClusterConfig
  readonly #links: UpstreamLinks
  readonly #log: LogPort
  readonly #brokers = new Map<number, UpstreamAddress>()
  readonly #nameById = new Map<string, string>()
  readonly #idByName = new Map<string, string>()
  readonly #idAskedAtMs = new Map<string, number>()
  #link: UpstreamLink | null = null
  #connecting: Promise<UpstreamLink> | null = null
  #versions: BrokerVersions | null = null
  #refreshing: Promise<void> | null = null
  #isClosed = false
  readonly #clock: Clock

  constructor(config: ClusterConfig, links: UpstreamLinks, log: LogPort, clock: Clock) {
    this.#config = config
    this.#links = links
    this.#log = log
    this.#clock = clock
  }

  /**
   * Connects, and learns brokers and versions.
   *
   * @throws {UpstreamUnreachableError} `ERR_GATEWAY_UPSTREAM_UNREACHABLE` when no bootstrap server answers.
   */
  async start(): Promise<void> {
    await this.#connected()
    this.#scheduleRefresh()
  }

  /** Signs in with another credential from now on. */
  takeConfig({ sasl }: ClusterConfig): void {
    this.#config = { ...this.#config, sasl }
  }

  /** The versions that the brokers offer. */
  get versions(): BrokerVersions {
    if (this.#versions === null)
      throw new UpstreamUnreachableError({ message: 'cluster: no broker has answered yet', retryable: true })
    return this.#versions
  }

  /** The ids of all known brokers. */
  get brokerIds(): readonly number[] {
    return [...this.#brokers.keys()]
  }

  /** The real address of a broker. */
  brokerAddress(brokerId: number): UpstreamAddress | undefined {
    return this.#brokers.get(brokerId)
  }

  /** Any broker, for connections that came by the bootstrap port. */
  anyBrokerAddress(): UpstreamAddress {
    const addresses = [...this.#brokers.values()]
    const chosen = addresses[Math.floor(Math.random() * addresses.length)] ?? this.#config.bootstrap[0]
    if (chosen === undefined)
      throw new UpstreamUnreachableError({ message: 'cluster: no broker is known', retryable: true })
    return chosen
  }

  /** The name of a topic id, when it is known without asking. */
  topicName(topicId: string): string | undefined {
    return this.#nameById.get(topicId)
  }

  /** The id of a topic name, when it is known without asking. */
  topicId(name: string): string | undefined {
    return this.#idByName.get(name)
  }

  /**
   * The id of a topic name as far as it is known, looked up anew now and then: a topic that was made anew has another. What
   * the look-up finds is there the next time.
   */
  currentTopicId(name: string): string | undefined {
    const nowMs = this.#clock.monotonicMs()
    const askedAtMs = this.#idAskedAtMs.get(name)
    if (askedAtMs === undefined || nowMs - askedAtMs >= REFRESH_MS) {
      if (this.#idAskedAtMs.size >= MAX_CACHED_TOPICS) this.#idAskedAtMs.clear()
      this.#idAskedAtMs.set(name, nowMs)
      this.#learnMetadata([{ ...defaultMetadataRequestTopic(), name }]).catch(() => {})
    }
    return this.#idByName.get(name)
  }

  /** Keeps what an answer to a client says of names and ids. */
  learnTopic(name: string | null, topicId: string): void {
    if (name === null || name === '' || topicId === ZERO_UUID) return
    if (this.#nameById.get(topicId) === name) return
    if (this.#nameById.size >= MAX_CACHED_TOPICS) {
      this.#nameById.clear()
      this.#idByName.clear()
    }
    const oldId = this.#idByName.get(name)
    if (oldId !== undefined) this.#nameById.delete(oldId)
    this.#nameById.set(topicId, name)
    this.#idByName.set(name, topicId)
  }

  /**
   * Asks the cluster for the names of ids that are not known, a thousand at once. An id it does not know, or is not asked
   * for, stays unknown: whoever needs more is told so, and asks again.
   */
  async resolveTopicIds(topicIds: Iterable<string>): Promise<void> {
    const unknown = [...new Set(topicIds)].filter((id) => id !== ZERO_UUID && !this.#nameById.has(id))
    if (unknown.length === 0) return
    const asked = unknown.slice(0, MAX_LOOKED_UP)
    await this.#learnMetadata(asked.map((topicId) => ({ ...defaultMetadataRequestTopic(), topicId, name: null })))
  }

  /** The names of all topics but internal ones. */
  async topicNames(): Promise<readonly string[]> {
    const { topics } = await this.#learnMetadata(null)
    return topics.flatMap(({ name, isInternal }) => (name === null || isInternal ? [] : [name]))
  }

  /** Asks the cluster where a topic is now; `undefined` where there is none of that name. */
  async locateTopic(name: string): Promise<TopicPlace | undefined> {
    const { topics } = await this.#learnMetadata([{ ...defaultMetadataRequestTopic(), name }])
    const topic = topics.find((each) => each.name === name && each.errorCode === 0)
    if (topic === undefined) return undefined
    const led = topic.partitions.filter(({ leaderId }) => leaderId >= 0)
    return {
      topicId: topic.topicId,
      leaderByPartition: new Map(led.map(({ partitionIndex, leaderId }) => [partitionIndex, leaderId])),
    }
  }

  /** Learns brokers again; called when a client is about to be told of one that has no address. */
  async refresh(): Promise<void> {
    await this.#learnMetadata([])
  }

  /** Learns brokers again after one was lost; calls that come meanwhile are one. */
  refreshSoon(): void {
    this.#refreshing ??= this.refresh()
      .catch((cause: unknown) =>
        this.#log.warn(
          { event: 'cluster-refresh-failed', code: codeOf(cause) },
          'the cluster could not be asked for its brokers',
        ),
      )
      .finally(() => {
        this.#refreshing = null
      })
  }

  /** Ends the gateway's own connection. */
  close(): void {
    this.#isClosed = true
    this.#link?.close()
  }

  async #learnMetadata(topics: readonly unknown[] | null): Promise<MetadataResponse> {
    const link = await this.#connected()
    const apiVersion = Math.min(METADATA_VERSION_WITH_IDS, this.#maxVersion(METADATA_KEY))
    const body = { ...defaultMetadataRequest(), topics, allowAutoTopicCreation: false }
    const answer = await this.#ask<MetadataResponse>(link, {
      apiKey: METADATA_KEY,
      apiVersion,
      clientId: CLIENT_ID,
      body,
    })
    this.#brokers.clear()
    for (const broker of answer.brokers) this.#brokers.set(broker.nodeId, { host: broker.host, port: broker.port })
    for (const topic of answer.topics) if (topic.errorCode === 0) this.learnTopic(topic.name, topic.topicId)
    return answer
  }

  async #ask<Response>(link: UpstreamLink, request: UpstreamRequest): Promise<Response> {
    const cause = { message: 'upstream: a broker did not answer the gateway in time', retryable: true }
    const deadline = this.#clock.after(REQUEST_TIMEOUT_MS, () =>
      link.upstream.abort(new UpstreamUnreachableError(cause)),
    )
    try {
      return await link.request<Response>(request)
    } finally {
      deadline.cancel()
    }
  }

  #maxVersion(apiKey: number): number {
    return this.versions.apiKeys.find((entry) => entry.apiKey === apiKey)?.maxVersion ?? 0
  }

  #connected(): Promise<UpstreamLink> {
    if (this.#link !== null && !this.#link.isClosed) return Promise.resolve(this.#link)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null
    })
    return this.#connecting
  }

  async #connect(): Promise<UpstreamLink> {
    const candidates = [...this.#brokers.values(), ...this.#config.bootstrap]
    let lastCause: unknown
    for (const address of candidates) {
      try {
        return await this.#connectTo(address)
      } catch (cause) {
        lastCause = cause
        this.#log.warn(
          { event: 'upstream-unreachable', host: address.host, port: address.port, code: codeOf(cause) },
          'a broker could not be reached',
        )
      }
    }
    if (lastCause instanceof Error) throw lastCause
    throw new UpstreamUnreachableError({ message: 'cluster: no bootstrap server is configured' })
  }

  async #connectTo(address: UpstreamAddress): Promise<UpstreamLink> {
    const link = await this.#links.open(address, () => this.#config.sasl, CLIENT_ID)
    try {
      const body = { ...defaultApiVersionsRequest(), clientSoftwareName: 'headgate', clientSoftwareVersion: '1' }
      this.#versions = await this.#ask<BrokerVersions>(link, { ...API_VERSIONS, clientId: CLIENT_ID, body })
      this.#link = link
      await this.#learnMetadata([])
      return link
    } catch (cause) {
      link.close()
      throw cause
    }
  }

  #scheduleRefresh(): void {
    if (this.#isClosed) return
    this.#clock.after(REFRESH_MS, () => {
      if (this.#isClosed) return
      this.refreshSoon()
      this.#scheduleRefresh()
    })
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
}

/** TLS options towards the brokers; the authority and the name are always verified. */
export function upstreamTlsOptions(config: ClusterConfig): ConnectionOptions | null {
  if (config.tls === undefined) return null
  const { caPem, serverName, certPem, keyPem } = config.tls
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(caPem === undefined ? {} : { ca: caPem }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(certPem === undefined ? {} : { cert: certPem }),
    ...(keyPem === undefined ? {} : { key: keyPem.reveal() }),
  }
}
