import { randomBytes } from 'node:crypto'
import type { ClockTimer } from '@headgate/core'
import { AuditFolderInUseError, AuditUnavailableError } from './errors.ts'
import type { AuditCheckpoint, AuditEvent } from './event.ts'
import { auditCodes } from './event-codes.ts'
import { encodeEvent } from './event-line.ts'
import { type ChainIdentity, LineChain } from './line-chain.ts'
import { LossCount } from './loss-count.ts'
import { type PendingEntry, PendingEvents } from './pending-events.ts'
import type { TrailCursor } from './read-events.ts'
import { findRemovable } from './retention.ts'
import { SegmentFiles } from './segment-file.ts'
import { findTrailEnd, type TrailEnd } from './segment-folder.ts'
import { type AuditWriterOptions, type WriterSettings, writerDefaults } from './writer-options.ts'
import type { AuditWriter } from './writer-port.ts'

const MAX_UNSIGNED_EVENTS = 10_000
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5_000
const WRITER_BYTES = 12

class TrailWriter implements AuditWriter {
  readonly #settings: WriterSettings
  readonly #identity: ChainIdentity
  readonly #segments: SegmentFiles
  readonly #pending: PendingEvents
  readonly #losses = new LossCount()
  readonly #unlock: () => Promise<void>
  readonly #listeners = new Set<() => void>()
  readonly #run: string = randomBytes(6).toString('base64url')
  #events = 0
  #chain: LineChain
  #newestCheckpoint: string | undefined
  #unsigned = 0
  #signedAtMs: number
  #due: AuditCheckpoint['why'] | undefined
  #pumping: Promise<void> | undefined
  #flushTimer: ClockTimer | undefined
  #tickTimer: ClockTimer | undefined
  #retryTimer: ClockTimer | undefined
  #retryMs = FIRST_RETRY_MS
  #isAvailable = true
  #isWaiting = false
  #isClosed = false

  constructor(settings: WriterSettings, end: TrailEnd, unlock: () => Promise<void>) {
    this.#settings = settings
    const writer = end.writer ?? randomBytes(WRITER_BYTES).toString('base64url')
    this.#identity = { writer, gateway: settings.gateway, key: settings.key }
    this.#segments = new SegmentFiles(settings.files, settings.folder, end.segmentNumber)
    this.#pending = new PendingEvents(settings.maxPendingBytes)
    this.#chain = new LineChain(this.#identity, end)
    this.#unlock = unlock
    this.#signedAtMs = settings.clock.monotonicMs()
    this.#tick()
  }

  get writer(): string {
    return this.#identity.writer
  }

  get isAvailable(): boolean {
    return this.#isAvailable
  }

  get newestCheckpoint(): string | undefined {
    return this.#newestCheckpoint
  }

  get durableEnd(): TrailCursor {
    return this.#segments.durableEnd
  }

  append(event: AuditEvent): void {
    if (this.#isClosed || !this.#take([event], undefined)) {
      this.#losses.add('lost', auditCodes[event.event], this.#now())
      return
    }
    if (this.#flushTimer !== undefined || this.#isWaiting) return
    this.#flushTimer = this.#settings.clock.after(this.#settings.flushMs, () => this.#pump())
  }

  record(events: readonly AuditEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#isClosed && !this.#isWaiting && this.#take(events, { resolve, reject })) {
        this.#pump()
        return
      }
      this.#refuse(events.map(({ event }) => auditCodes[event]))
      reject(new AuditUnavailableError({ message: 'trail: it cannot take events now', retryable: true }))
    })
  }

  async flush(): Promise<void> {
    await this.record([]).catch(() => {})
  }

  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#retryTimer?.cancel()
    this.#isWaiting = false
    const last = this.record([])
    this.#isClosed = true
    this.#due = 'closed'
    for (const timer of [this.#tickTimer, this.#flushTimer]) timer?.cancel()
    try {
      await last
      await this.#pumping
    } finally {
      this.#retryTimer?.cancel()
      await this.#segments.finish().catch(() => {})
      await this.#unlock()
    }
  }

  #now(): string {
    return new Date(this.#settings.clock.nowUnixMs()).toISOString()
  }

  #encode(event: AuditEvent): string {
    this.#events += 1
    return encodeEvent(event, this.#now(), `${this.#run}-${this.#events.toString(36)}`)
  }

  #take(events: readonly AuditEvent[], waiter: PendingEntry['waiter']): boolean {
    const bodies = events.map((event) => ({ code: auditCodes[event.event], body: this.#encode(event) }))
    return this.#pending.add({ events: bodies, waiter })
  }

  #refuse(codes: readonly string[]): void {
    for (const code of codes) this.#losses.add('refused', code, this.#now())
  }

  /** Signs what has no signature yet, or tells that nothing took place. */
  #tick(): void {
    const { clock, checkpointMs, idleCheckpointMs } = this.#settings
    this.#tickTimer = clock.after(checkpointMs, () => {
      const isIdle = clock.monotonicMs() - this.#signedAtMs >= idleCheckpointMs
      if (this.#unsigned > 0) this.#due = 'interval'
      else if (isIdle) this.#due = 'idle'
      this.#pump()
      this.#tick()
    })
  }

  #pump(): void {
    if (this.#pumping !== undefined || this.#isWaiting) return
    this.#flushTimer?.cancel()
    this.#flushTimer = undefined
    this.#pumping = this.#work().finally(() => {
      this.#pumping = undefined
      if (this.#hasWork() && !this.#isWaiting) this.#pump()
    })
  }

  #hasWork(): boolean {
    return !this.#pending.isEmpty || this.#due !== undefined || !this.#losses.isEmpty
  }

  async #work(): Promise<void> {
    // What is given in the same turn goes along.
    await Promise.resolve()
    while (this.#hasWork() && !this.#isWaiting) {
      const entries = this.#pending.take()
      const failure = await this.#commit(entries).then(
        () => undefined,
        (cause: unknown) => ({ cause }),
      )
      if (failure !== undefined) await this.#fail(entries, failure.cause)
    }
  }

  /** One write and one fdatasync for all that waits. */
  async #commit(entries: readonly PendingEntry[]): Promise<void> {
    const { clock } = this.#settings
    await this.#segments.prepare(clock.monotonicMs())
    const removable = this.#segments.isNew ? await findRemovable(this.#settings, this.#segments.number) : undefined
    const chain = new LineChain(this.#identity, this.#chain.end)
    const { number } = this.#segments
    if (this.#segments.isNew) chain.sign('opened', number, this.#now())
    const lossesTold = this.#losses.isEmpty ? undefined : this.#losses.event()
    if (lossesTold !== undefined) chain.event(this.#encode(lossesTold))
    if (removable !== undefined) chain.event(this.#encode(removable.event))
    const events = entries.flatMap((entry) => entry.events)
    for (const { body } of events) chain.event(body)
    // What is about to be removed is signed for, or a verifier would take its removal for anybody's.
    const due = this.#checkpointAfter(events.length + (lossesTold === undefined ? 0 : 1), chain.text.length)
    const why = due ?? (removable === undefined ? undefined : 'interval')
    if (why !== undefined) chain.sign(why, number, this.#now())
    // Counted while the lines are written: what is lost meanwhile is told next time.
    this.#losses.clear()
    await this.#segments.append(Buffer.from(chain.text)).catch((cause: unknown) => {
      if (lossesTold !== undefined) this.#losses.restore(lossesTold)
      throw cause
    })
    this.#adopt(chain, why, events.length)
    this.#settle(entries)
    if (why === 'rotated') await this.#segments.finish().catch(() => {})
    await removable?.remove().catch(() => {})
  }

  /** Which checkpoint is wanted behind the lines. */
  #checkpointAfter(count: number, characters: number): AuditCheckpoint['why'] | undefined {
    const { clock, maxSegmentBytes, maxSegmentAgeMs } = this.#settings
    const { bytes, openedAtMs = 0 } = this.#segments
    if (this.#due === 'closed' && this.#pending.isEmpty) return 'closed'
    if (bytes + characters >= maxSegmentBytes || clock.monotonicMs() - openedAtMs >= maxSegmentAgeMs) return 'rotated'
    return this.#due ?? (this.#unsigned + count >= MAX_UNSIGNED_EVENTS ? 'interval' : undefined)
  }

  #adopt(chain: LineChain, why: AuditCheckpoint['why'] | undefined, count: number): void {
    this.#chain = new LineChain(this.#identity, chain.end)
    this.#newestCheckpoint = chain.checkpoint ?? this.#newestCheckpoint
    this.#unsigned = why === undefined ? this.#unsigned + count : 0
    if (why !== undefined) this.#signedAtMs = this.#settings.clock.monotonicMs()
    if (why !== undefined && (why === 'closed' || this.#due !== 'closed')) this.#due = undefined
    this.#retryMs = FIRST_RETRY_MS
    if (this.#isAvailable) return
    this.#isAvailable = true
    this.#settings.onAvailability(true, undefined)
  }

  #settle(entries: readonly PendingEntry[]): void {
    this.#pending.settle(entries)
    for (const { waiter } of entries) waiter?.resolve()
    for (const listener of this.#listeners) listener()
  }

  /** Refuses who waits, keeps what nobody waits for, and tries again later. */
  async #fail(entries: readonly PendingEntry[], cause: unknown): Promise<void> {
    await this.#segments.abandon()
    const waiting = [...entries, ...this.#pending.take()]
    const refused = waiting.filter(({ waiter }) => waiter !== undefined)
    this.#pending.settle(refused)
    this.#pending.putBack(waiting.filter(({ waiter }) => waiter === undefined))
    const error = new AuditUnavailableError({ message: 'trail: it cannot be written', retryable: true, cause })
    for (const { events, waiter } of refused) {
      this.#refuse(events.map(({ code }) => code))
      waiter?.reject(error)
    }
    this.#isWaiting = true
    this.#retryTimer = this.#settings.clock.after(this.#retryMs, () => {
      this.#isWaiting = false
      this.#pump()
    })
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
    if (!this.#isAvailable) return
    this.#isAvailable = false
    this.#settings.onAvailability(false, cause)
  }
}

/**
 * Opens a folder for writing; the chain goes on where it ended, whatever ended it.
 *
 * @throws {AuditFolderInUseError} `ERR_AUDIT_FOLDER_IN_USE` when another process writes there.
 * @throws {AuditFolderDamagedError} `ERR_AUDIT_FOLDER_DAMAGED` when the trail's end cannot be read.
 */
export async function openAuditWriter(options: AuditWriterOptions): Promise<AuditWriter> {
  const settings: WriterSettings = { ...writerDefaults, ...options }
  const { files, folder } = settings
  await files.makeFolder(folder)
  const unlock = await files.lock(folder)
  if (unlock === undefined)
    throw new AuditFolderInUseError({
      message: `folder: another process writes its trail to \`${folder}\``,
      details: { folder },
    })
  try {
    const end = await findTrailEnd(files, folder)
    const writer = new TrailWriter(settings, end, unlock)
    const isUnclosed = end.cutBytes > 0 || (end.seq > 0 && !end.isClosed)
    writer.append(
      isUnclosed
        ? { event: 'audit.reopened', cutBytes: end.cutBytes }
        : { event: 'audit.opened', previous: end.seq > 0 ? 'closed' : 'none' },
    )
    await writer.flush()
    return writer
  } catch (cause) {
    await unlock()
    throw cause
  }
}
