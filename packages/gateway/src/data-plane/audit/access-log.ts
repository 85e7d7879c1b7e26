import { randomUUID } from 'node:crypto'
import type { AuditContext, AuditEvent, ReadIntent, WriteIntent, WriteUnknown } from '@headgate/audit'
import type { Clock, ClockTimer } from '@headgate/core'
import type { ConnectionOrigin, ControlPort } from '../../control-port.ts'
import type { SignIn } from '../../identity/authenticator.ts'
import type { ClusterView } from '../cluster-view.ts'
import {
  type AccessMasking,
  type AccessPlace,
  type AccessRequest,
  auditAccessOf,
  auditKafkaOf,
  type GrantedChange,
  isSameAccess,
} from './access-place.ts'
import type { BatchFact } from './batch-fact.ts'
import { OpenRanges } from './open-ranges.ts'
import { ReadRange } from './read-range.ts'
import { SeenAccesses } from './seen-accesses.ts'
import { auditSentOf, type SentRecords, type SentRequest } from './sent-records.ts'

const FLUSH_MS = 1_000
const MAX_RANGES = 2_000
const MAX_GATHERED = 10_000
const NO_ERROR = 0
const UNKNOWN_OFFSET = -1n

/** What an access log needs of its connection. */
export interface AccessLogOptions {
  readonly control: ControlPort
  readonly clock: Clock
  readonly origin: ConnectionOrigin
  readonly cluster: ClusterView
  readonly clusterName: string
  readonly signIn: () => SignIn | null
}

/**
 * What one connection reads and writes, on its way to the trail.
 *
 * Neighbouring ranges are united and told once a second, when something about the access changes, and at the end.
 */
export class AccessLog {
  /** What the client was let do, of whatever kind. */
  readonly seen: SeenAccesses
  readonly #options: AccessLogOptions
  readonly #reads = new OpenRanges()
  readonly #writes = new OpenRanges()
  readonly #unanswered = new Set<SentRequest>()
  readonly #unacknowledged = new Map<string, SentRecords>()
  #timer: ClockTimer | undefined

  constructor(options: AccessLogOptions) {
    this.#options = options
    this.seen = new SeenAccesses(options)
  }

  /** Whether there is a trail. */
  get keepsTrail(): boolean {
    return this.#options.control.keepsTrail
  }

  /** The range that a batch asked for at `fetchOffset` belongs to. */
  reading(place: AccessPlace, fetchOffset: bigint): ReadRange {
    return this.#range(this.#reads, place, fetchOffset)
  }

  /** The event that says of records that they are about to be delivered. */
  readIntent(place: AccessPlace, batches: readonly BatchFact[], masking?: AccessMasking): ReadIntent {
    const range = new ReadRange(place, this.#now())
    for (const batch of batches) range.add(batch)
    const intent = randomUUID()
    const access = auditAccessOf(place, masking)
    return { event: 'records.read-intent', intent, ...this.#context(place), ...access, range: range.finish() }
  }

  /** The event that says of records that they are about to be sent. */
  writeIntent(sent: SentRecords): WriteIntent {
    const { place, masking } = sent
    const intent = randomUUID()
    const access = auditAccessOf(place, masking)
    return { event: 'records.write-intent', intent, ...this.#context(place), ...access, sent: auditSentOf([sent]) }
  }

  /**
   * Resolves when events are on record.
   *
   * @throws {HeadgateError} `ERR_AUDIT_UNAVAILABLE`
   */
  record(events: readonly AuditEvent[]): Promise<void> {
    return this.#options.control.record(events)
  }

  /** Tells that what intents speak of did not take place. */
  void(kind: 'read' | 'write', intents: readonly string[], reason: string): void {
    if (intents.length > 0) this.#report({ event: `records.${kind}-void`, intents, reason })
  }

  /** A request is on its way to the broker, which answers it. */
  sent(request: SentRequest): void {
    this.#unanswered.add(request)
  }

  /** A request is on its way to the broker, which does not answer it. */
  sentUnanswered(request: SentRequest): void {
    for (const sent of request.partitions) this.#addUnacknowledged(sent)
  }

  /** The broker answered for a partition. */
  answered(sent: SentRecords, errorCode: number, baseOffset: bigint): void {
    if (sent.batches.length === 0) return
    if (errorCode !== NO_ERROR) this.#writeRefused(sent, errorCode)
    else if (baseOffset === UNKNOWN_OFFSET) this.#writeUnknown(sent, 'offset-not-told')
    else this.#written(sent, baseOffset)
  }

  /** The broker answered a whole request. */
  settled(request: SentRequest): void {
    this.#unanswered.delete(request)
  }

  /** A request that changes the cluster was let through. */
  changed({ api, apiVersion, clientId, policyRevision }: AccessRequest, change: GrantedChange): void {
    const { clusterName: cluster } = this.#options
    const topic = change.resourceType === 'topic' ? { topic: change.resourceName } : {}
    const group = change.resourceType === 'group' ? { group: change.resourceName } : {}
    const kafka = { cluster, api, apiVersion, ...topic, ...group }
    this.#report({
      event: 'change.granted',
      ...this.#who(),
      clientId,
      policyRevision,
      kafka,
      decision: 'allow',
      ...change,
    })
  }

  /** Tells of everything that is known by now. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const range of this.#reads.all()) this.#tell('records.read', range)
    for (const range of this.#writes.all()) this.#tell('records.written', range)
    for (const sent of this.#unacknowledged.values()) this.#writeUnknown(sent, 'no-acknowledgement')
    this.#reads.clear()
    this.#writes.clear()
    this.#unacknowledged.clear()
  }

  /** The connection has ended: what the broker has not answered may have been written. */
  end(): void {
    this.flush()
    this.seen.flush()
    for (const { partitions } of this.#unanswered)
      for (const sent of partitions) this.#writeUnknown(sent, 'connection-ended')
    this.#unanswered.clear()
  }

  #now(): string {
    return new Date(this.#options.clock.nowUnixMs()).toISOString()
  }

  /** Who uses the connection, and from where. */
  #who(): AuditContext {
    const { origin, signIn } = this.#options
    const { clientAddress: address, listener, connectionId: connection } = origin
    const current = signIn()
    const source = { address, listener, connection }
    if (current === null) return { source }
    const { issuer, subject } = current.principal
    return { actor: { issuer, subject }, source, session: current.sessionId }
  }

  #context(place: AccessPlace): AuditContext {
    const { cluster, clusterName } = this.#options
    const { clientId, policyRevision } = place.request
    const known = place.topicId ?? cluster.currentTopicId(place.topic)
    return { ...this.#who(), clientId, kafka: auditKafkaOf(place, clusterName, known), policyRevision }
  }

  #range(ranges: OpenRanges, place: AccessPlace, offset: bigint): ReadRange {
    const open = ranges.find(place)
    if (open?.goesOn(place, offset) === true) return open
    if (open !== undefined) this.#tell(ranges === this.#reads ? 'records.read' : 'records.written', open)
    else if (ranges.size >= MAX_RANGES) this.flush()
    const range = new ReadRange(place, this.#now())
    ranges.set(range)
    this.#flushSoon()
    // The id of a topic that is only named is looked up meanwhile.
    if (place.topicId === undefined) this.#options.cluster.currentTopicId(place.topic)
    return range
  }

  #flushSoon(): void {
    this.#timer ??= this.#options.clock.after(FLUSH_MS, () => this.flush())
  }

  #tell(event: 'records.read' | 'records.written', range: ReadRange): void {
    const { place, since, intents, masking } = range
    const context = { ...this.#context(place), ...auditAccessOf(place, masking) }
    const outcome = intents.length === 0 ? {} : { intents: [...intents] }
    this.#report({ event, ...context, range: range.finish(), since, ...outcome })
  }

  #written(sent: SentRecords, baseOffset: bigint): void {
    const range = this.#range(this.#writes, sent.place, baseOffset)
    let next = baseOffset
    for (const batch of sent.batches) next = range.addSent(batch, next)
    if (sent.masking !== undefined) range.addMasking(sent.masking)
    if (sent.intent !== undefined) range.intents.push(sent.intent)
  }

  /** Without acknowledgements a producer may send a great many requests: they are told of together. */
  #addUnacknowledged(sent: SentRecords): void {
    const key = keyOf(sent.place)
    const open = this.#unacknowledged.get(key)
    const isSame = open !== undefined && sent.intent === undefined && isSameAccess(open.place, sent.place)
    if (isSame && open.batches.length < MAX_GATHERED) {
      open.batches.push(...sent.batches)
      return
    }
    if (open !== undefined) this.#writeUnknown(open, 'no-acknowledgement')
    this.#unacknowledged.set(key, sent)
    this.#flushSoon()
  }

  #writeRefused(sent: SentRecords, errorCode: number): void {
    this.#report({ event: 'records.write-refused', ...this.#sentContext(sent), errorCode })
  }

  #writeUnknown(sent: SentRecords, reason: string): void {
    if (sent.batches.length > 0) this.#report({ event: 'records.write-unknown', ...this.#sentContext(sent), reason })
  }

  #sentContext(sent: SentRecords): Omit<WriteUnknown, 'event' | 'reason'> {
    const { place, masking, intent } = sent
    const outcome = intent === undefined ? {} : { intents: [intent] }
    return { ...this.#context(place), ...auditAccessOf(place, masking), sent: auditSentOf([sent]), ...outcome }
  }

  #report(event: AuditEvent): void {
    if (this.keepsTrail) this.#options.control.report({ kind: 'access', event })
  }
}

/** Names hold no blanks, so that no two partitions have the same key. */
function keyOf({ partition, topic }: AccessPlace): string {
  return `${partition} ${topic}`
}
