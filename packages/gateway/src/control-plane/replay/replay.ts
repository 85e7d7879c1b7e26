import type { AuditContext, AuditKafka, AuditMasked, SessionReplayed } from '@headgate/audit'
import type { Clock } from '@headgate/core'
import { compileRecordPlan, type RecordPlan, type TokenKey } from '@headgate/masking'
import type { MaskObligation, Principal } from '@headgate/policy'
import type { RecordSource } from '../../record-source.ts'
import type { AuditSink } from '../audit-sink.ts'
import type { PolicyFileSource } from '../policy-source.ts'
import type { MaskBook } from '../sessions/mask-book.ts'
import { decodeCursor, encodeCursor, type ReplayQuery } from '../sessions/session-query.ts'
import type { SessionSummary, SessionTable, StoredEntry } from '../sessions/session-table.ts'
import { portionOf, type RangePortion } from './range-records.ts'
import { type RangeChange, type RangeSurvey, type RecordedRange, surveyRange } from './range-survey.ts'
import type { NoRecordsReason, ViewerRight, ViewerRights } from './viewer-right.ts'

const DEFAULT_RECORDS = 1_000
const MAX_RANGES = 200
const MAX_LENGTH = 4 * 1024 * 1024
const MAX_KEPT_BYTES = 8 * 1024 * 1024
const MAX_CHECKED_BYTES = 64 * 1024 * 1024
const MAX_READ_BYTES = 256 * 1024 * 1024

/** What replays are made with. */
export interface ReplayOptions {
  readonly source: RecordSource
  readonly masks: Pick<MaskBook, 'find'>
  readonly tokenKeys: readonly TokenKey[]
  readonly rights: ViewerRights
  readonly policySource: PolicyFileSource
  readonly audit: AuditSink
  readonly clock: Clock
}

/** One request for a replay. */
export interface ReplayRequest {
  readonly session: SessionSummary
  readonly table: SessionTable
  readonly viewer: Principal
  /** Who looks, and from where, as the trail says it. */
  readonly context: AuditContext
  readonly query: ReplayQuery
}

/** A range that the session read, ahead of its records. */
export interface ReplayRange {
  readonly type: 'range'
  readonly topic: string
  readonly topicId?: string
  readonly partition: number
  readonly firstOffset: string
  readonly lastOffset: string
  readonly records: number
  readonly bytes: number
  readonly deliveredFrom: string
  readonly deliveredUntil: string
  readonly clientId?: string
  /** `false`: the records were about to be delivered, and whether they were is not known. */
  readonly isDelivered: boolean
  readonly masked?: readonly AuditMasked[]
  readonly withheld?: number
  /** Where this part begins, where it is not the beginning of the range. */
  readonly from?: string
  /** Why no records follow. */
  readonly noRecords?: NoRecordsReason | 'mask-unknown' | 'topic-unknown'
  readonly changes: readonly RangeChange[]
  readonly logStartOffset?: string
  /** Digests of the masks that applied then, and that apply to the viewer now. */
  readonly maskThen?: string
  readonly maskNow?: string
}

type ReadEvent = Extract<StoredEntry['event'], { event: 'records.read' | 'records.read-intent' }>

interface Place {
  readonly entry: StoredEntry
  readonly from: bigint | undefined
}

/** Shows what a session saw, as far as the viewer may see it now. */
export class Replay {
  readonly #options: ReplayOptions
  readonly #request: ReplayRequest
  #recordsLeft: number
  #lengthLeft = MAX_LENGTH
  #readLeft = MAX_READ_BYTES

  constructor(options: ReplayOptions, request: ReplayRequest) {
    this.#options = options
    this.#request = request
    this.#recordsLeft = request.query.limit ?? DEFAULT_RECORDS
  }

  /**
   * Lines of JSON: the session, then range by range in the order in which they were delivered, then `end`, with where to go
   * on, if there is more.
   *
   * INVARIANT: the records of a range leave after the trail has that they are looked at.
   *
   * @throws {HeadgateError} `ERR_AUDIT_UNAVAILABLE`
   */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const { session, query } = this.#request
    const { places, next } = await this.#places()
    if (query.after === undefined) yield line({ type: 'session', ...session })
    for (const { entry, from } of places) {
      const rest = yield* this.#range(entry, from)
      const isFull = this.#recordsLeft <= 0 || this.#lengthLeft <= 0 || this.#readLeft <= 0
      if (rest !== undefined) return yield this.#end([entry.cursor, String(rest)])
      if (isFull) return yield this.#end([entry.cursor, ''])
    }
    yield this.#end(next)
  }

  #end(next: readonly string[] | undefined): string {
    return line({ type: 'end', ...(next === undefined ? {} : { next: encodeCursor(next) }) })
  }

  /** The ranges to look at: the rest of the one that a page ended in, and the following ones. */
  async #places(): Promise<{ readonly places: readonly Place[]; readonly next: readonly string[] | undefined }> {
    const { session, table, query } = this.#request
    const { topic, partition } = query
    const kinds = ['read', 'read-intent'] as const
    const [after, offset] =
      query.after === undefined ? [] : (decodeCursor(query.after, ['string', 'string']) as string[])
    const { items, next } = await table.entries(session.id, { kinds, topic, partition, after, limit: MAX_RANGES })
    const places = items.map((entry): Place => ({ entry, from: undefined }))
    const rest = next === undefined ? undefined : [next, '']
    if (after === undefined || offset === undefined || !/^\d{1,19}$/.test(offset)) return { places, next: rest }
    const entry = await table.entryAt(session.id, after)
    const isRange = kinds.some((kind) => kind === entry.kind)
    return { places: isRange ? [{ entry, from: BigInt(offset) }, ...places] : places, next: rest }
  }

  /** Tells of one range; gives where its rest begins. */
  async *#range(entry: StoredEntry, resumedAt: bigint | undefined): AsyncGenerator<string, bigint | undefined> {
    const read = entry.event as ReadEvent
    const recorded = recordedRange(read)
    if (recorded === undefined) {
      yield line({ ...rangeLine(read), changes: [], noRecords: 'topic-unknown' })
      return undefined
    }
    const from = later(resumedAt, recorded.firstOffset)
    const survey = await this.#survey(recorded, from)
    const then = await this.#maskThen(read)
    const right = await this.#right(recorded)
    const now = planOf(right.mask, this.#options.tokenKeys)
    const noRecords = right.noRecords ?? (then === null || now === null ? 'mask-unknown' : undefined)
    const resumed = from === recorded.firstOffset ? {} : { from: String(from) }
    const head = { ...rangeLine(read), ...resumed, ...changesOf(survey), ...masksOf(read, right) }
    if (noRecords !== undefined || then === null || now === null) {
      yield line({ ...head, noRecords })
      return undefined
    }
    const portion = await portionOf({
      ...{ survey, from, lastOffset: recorded.lastOffset, then, now },
      ...{ maxRecords: this.#recordsLeft, maxLength: this.#lengthLeft },
    })
    if (portion.lines.length > 0) await this.#options.audit.record([this.#replayed(read, recorded, right, portion)])
    // What has changed meanwhile holds: nothing has left yet.
    if (!isSameRight(right, await this.#right(recorded))) return yield* this.#range(entry, resumedAt)
    yield line(head)
    for (const text of portion.lines) yield `${text}\n`
    this.#recordsLeft -= portion.recordCount
    this.#lengthLeft -= portion.lines.reduce((length, text) => length + text.length, 0)
    return portion.next
  }

  async #survey(range: RecordedRange, from: bigint): Promise<RangeSurvey> {
    const survey = await surveyRange({
      ...{ source: this.#options.source, range, from, keptBytes: MAX_KEPT_BYTES },
      checkedBytes: Math.min(MAX_CHECKED_BYTES, this.#readLeft),
    })
    this.#readLeft -= survey.readBytes
    return survey
  }

  /** What masked the records then: nothing is `undefined`, what cannot be found out is `null`. */
  async #maskThen({ maskDigest }: ReadEvent): Promise<RecordPlan | undefined | null> {
    if (maskDigest === undefined) return undefined
    const mask = await this.#options.masks.find(maskDigest)
    return mask === undefined ? null : planOf(mask, this.#options.tokenKeys)
  }

  #right({ topic, partition }: RecordedRange): Promise<ViewerRight> {
    const { rights, policySource, clock } = this.#options
    return rights.of(policySource.current, this.#request.viewer, topic, partition, clock.nowUnixMs())
  }

  #replayed(
    { kafka, maskDigest }: ReadEvent,
    { topic, partition }: RecordedRange,
    { ruleIds, approvals, mask, policyRevision }: ViewerRight,
    { firstOffset, lastOffset, hash, masked, withheldCount }: RangePortion,
  ): SessionReplayed {
    const { context, session } = this.#request
    const { batches, records, bytes, leaderEpoch } = hash
    const digest = mask?.digest ?? maskDigest
    const place: AuditKafka = { cluster: kafka?.cluster ?? '', topic, partition }
    return {
      event: 'session.replayed',
      ...context,
      kafka: kafka?.topicId === undefined ? place : { ...place, topicId: kafka.topicId },
      ...{ policyRevision, decision: 'allow', ruleIds, replayedSession: session.id },
      range: {
        ...{ firstOffset: String(firstOffset), lastOffset: String(lastOffset), leaderEpoch, batches, records, bytes },
        hash: hash.finish(),
      },
      ...(approvals.length === 0 ? {} : { approvals }),
      ...(digest === undefined ? {} : { masked, maskDigest: digest }),
      ...(withheldCount === 0 ? {} : { withheld: withheldCount }),
    }
  }
}

function isSameRight(one: ViewerRight, other: ViewerRight): boolean {
  return one.noRecords === other.noRecords && one.mask?.digest === other.mask?.digest
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

function later(one: bigint | undefined, other: bigint): bigint {
  return one !== undefined && one > other ? one : other
}

/** The plan of a mask: `undefined` for none, `null` where it cannot be made. */
function planOf(mask: MaskObligation | undefined, tokenKeys: readonly TokenKey[]): RecordPlan | undefined | null {
  if (mask === undefined) return undefined
  try {
    return compileRecordPlan(mask, { tokenKeys })
  } catch {
    return null
  }
}

function recordedRange({ kafka, range }: ReadEvent): RecordedRange | undefined {
  if (kafka?.topic === undefined || kafka.partition === undefined) return undefined
  const { topic, topicId, partition } = kafka
  const { firstOffset, lastOffset, hash } = range
  return { topic, topicId, partition, hash, firstOffset: BigInt(firstOffset), lastOffset: BigInt(lastOffset) }
}

function rangeLine(event: ReadEvent): Omit<ReplayRange, 'changes'> {
  const { kafka, range, time, clientId, masked, withheld } = event
  const { firstOffset, lastOffset, records, bytes } = range
  return {
    type: 'range',
    ...{ topic: kafka?.topic ?? '', partition: kafka?.partition ?? -1, firstOffset, lastOffset, records, bytes },
    ...(kafka?.topicId === undefined ? {} : { topicId: kafka.topicId }),
    deliveredFrom: event.event === 'records.read' ? event.since : time,
    deliveredUntil: time,
    isDelivered: event.event === 'records.read',
    ...(clientId === undefined ? {} : { clientId }),
    ...(masked === undefined ? {} : { masked }),
    ...(withheld === undefined ? {} : { withheld }),
  }
}

function changesOf({ changes, logStartOffset }: RangeSurvey): Pick<ReplayRange, 'changes' | 'logStartOffset'> {
  return logStartOffset === undefined ? { changes } : { changes, logStartOffset: String(logStartOffset) }
}

function masksOf({ maskDigest }: ReadEvent, { mask }: ViewerRight): Pick<ReplayRange, 'maskThen' | 'maskNow'> {
  return {
    ...(maskDigest === undefined ? {} : { maskThen: maskDigest }),
    ...(mask === undefined ? {} : { maskNow: mask.digest }),
  }
}
