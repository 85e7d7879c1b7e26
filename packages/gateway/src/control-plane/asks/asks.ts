import type { Clock, LogPort } from '@headgate/core'
import type { AskStatus } from '../../control-port.ts'
import { StoreFailedError } from '../../store/errors.ts'
import type { Store } from '../../store/store.ts'
import { type Ask, isEnded } from './ask.ts'
import { AskAlarm } from './ask-alarm.ts'
import { AskFeed } from './ask-feed.ts'
import { type AskDraft, dueAtUnixMs, openAsk, passTime } from './ask-machine.ts'
import { AskRecorder, type AskSink } from './ask-recorder.ts'
import { type AskFilter, AskTable } from './ask-table.ts'
import { AskChangedError, AskExistsError, AskLimitError, AskUnknownError } from './errors.ts'

/** What {@link Asks} needs. */
export interface AsksOptions {
  /** Gives the store; called once, at the start or when something is first asked. */
  readonly openStore: () => Promise<Store>
  readonly sink: AskSink
  readonly log: LogPort
  readonly clock: Clock
}

/** Takes a step from an ask as it stands, or throws why not. */
export type AskMove = (ask: Ask, nowUnixMs: number) => Ask

/** Bounds what one requester can make of names that a pattern protects. */
const MAX_PENDING = 200
/** So often a step that was overtaken is taken anew before the caller is told to look again. */
const MAX_ATTEMPTS = 20
const RETRY_MS = 1_000

/**
 * The asks for approval of this gateway: opened, moved on and ended in the store, and told to whoever subscribes.
 *
 * Every step is one compare-and-set on the ask's revision, by this clock: of two at once one is there first, and the other
 * is taken anew from what it finds, or refused.
 */
export class Asks {
  readonly #options: AsksOptions
  readonly #feed = new AskFeed()
  readonly #alarm: AskAlarm
  #opening: Promise<AskTable> | undefined
  #store: Store | undefined
  #recorder: AskRecorder | undefined
  #isClosed = false

  constructor(options: AsksOptions) {
    this.#options = options
    this.#alarm = new AskAlarm(options.clock, (ids) => {
      for (const id of ids) void this.#settle(id)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Opens the store and takes up what is in it: what should have ended meanwhile ends now. Does nothing the second time.
   *
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  async start(): Promise<void> {
    await this.#table()
  }

  /** Tells the newest ask of every scope, then every step, in order; the function returned ends it. */
  subscribe(receive: (ask: AskStatus) => void): () => void {
    return this.#feed.subscribe(receive)
  }

  /**
   * Opens an ask for traffic that met a protection, unless there has been one of its scope: only somebody who asks for it
   * opens another. Tells the newest of the scope in any case.
   */
  async openForTraffic(draft: AskDraft): Promise<void> {
    const table = await this.#table()
    const known = await table.findNewest(draft.scope)
    if (known === undefined && (await table.countPending(draft.scope)) >= MAX_PENDING)
      throw new AskLimitError(MAX_PENDING)
    if (known === undefined) {
      const ask = openAsk(draft, 1, this.#options.clock.nowUnixMs())
      if (await table.insert(ask)) return this.#taken(ask)
    }
    const newest = known ?? (await table.findNewest(draft.scope))
    if (newest !== undefined) this.#feed.publish(newest, { again: true })
  }

  /**
   * Opens an ask for somebody who asks for it.
   *
   * @throws {AskError} `ERR_GATEWAY_ASK_EXISTS` with the id of one of the scope that is under way.
   */
  async open(draft: AskDraft): Promise<Ask> {
    const table = await this.#table()
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const newest = await this.newestOf(draft.scope)
      if (newest !== undefined && !isEnded(newest.state)) throw new AskExistsError(newest.id, newest.state)
      if ((await table.countPending(draft.scope)) >= MAX_PENDING) throw new AskLimitError(MAX_PENDING)
      const ask = openAsk(draft, (newest?.generation ?? 0) + 1, this.#options.clock.nowUnixMs())
      if (!(await table.insert(ask))) continue
      this.#taken(ask)
      return ask
    }
    throw new AskChangedError(0)
  }

  /** The newest ask of a scope as it stands now. */
  async newestOf(scope: AskDraft['scope']): Promise<Ask | undefined> {
    const table = await this.#table()
    const newest = await table.findNewest(scope)
    return newest && this.#caughtUp(table, newest)
  }

  /** An ask as it stands now. */
  async find(id: string): Promise<Ask | undefined> {
    const table = await this.#table()
    const ask = await table.find(id)
    return ask && this.#caughtUp(table, ask)
  }

  /** Asks as they are in the store, newest first. */
  async list(filter: AskFilter): Promise<readonly Ask[]> {
    return (await this.#table()).list(filter)
  }

  /**
   * Moves an ask on. Without `revision` the move is made from whatever it is when its turn comes.
   *
   * @throws {AskError} what the move throws; `ERR_GATEWAY_ASK_UNKNOWN`; `ERR_GATEWAY_ASK_CHANGED` when the ask is not at
   * `revision` any more.
   */
  async move(id: string, take: AskMove, revision?: number): Promise<Ask> {
    const table = await this.#table()
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const ask = await this.find(id)
      if (ask === undefined) throw new AskUnknownError()
      // What the ask does not allow in any case is said before that it has moved on.
      const next = take(ask, this.#options.clock.nowUnixMs())
      if (revision !== undefined && revision !== ask.revision) throw new AskChangedError(ask.revision)
      if (!(await table.replace(ask.revision, next))) continue
      this.#taken(next)
      return this.#caughtUp(table, next)
    }
    throw new AskChangedError(0)
  }

  /** Ends the timers and closes the store; asks stay as they are in it. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#alarm.close()
    await this.#opening?.catch(() => undefined)
    await this.#recorder?.close()
    await this.#store?.close()
  }

  #table(): Promise<AskTable> {
    if (this.#isClosed) return Promise.reject(new StoreFailedError('it is closed'))
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #open(): Promise<AskTable> {
    this.#store = await this.#options.openStore()
    const table = new AskTable(this.#store.database)
    this.#recorder = new AskRecorder(table, this.#options)
    for (const { ask, recordedRevision } of await table.unrecorded()) this.#recorder.take(ask, recordedRevision)
    for (const ask of await table.newest()) {
      this.#feed.publish(ask)
      await this.#caughtUp(table, ask)
    }
    return table
  }

  /** Takes the steps that the time wants before anything else is done with an ask. */
  async #caughtUp(table: AskTable, ask: Ask): Promise<Ask> {
    const next = passTime(ask, this.#options.clock.nowUnixMs())
    if (next === undefined) {
      this.#watch(ask)
      return ask
    }
    if (await table.replace(ask.revision, next)) {
      this.#taken(next)
      return this.#caughtUp(table, next)
    }
    const found = await table.find(ask.id)
    if (found === undefined) throw new AskUnknownError()
    return this.#caughtUp(table, found)
  }

  async #settle(id: string): Promise<void> {
    try {
      await this.find(id)
    } catch (error) {
      if (this.#isClosed) return
      const name = error instanceof Error ? error.name : 'unknown'
      this.#options.log.error(
        { event: 'ask', error: name, reason: 'not ended in time' },
        'an ask could not be moved on',
      )
      this.#alarm.set(id, this.#options.clock.nowUnixMs() + RETRY_MS)
    }
  }

  #taken(ask: Ask): void {
    this.#recorder?.take(ask, ask.revision - 1)
    this.#feed.publish(ask)
    this.#watch(ask)
  }

  #watch(ask: Ask): void {
    if (!this.#isClosed) this.#alarm.set(ask.id, dueAtUnixMs(ask))
  }
}
