import type { Clock, LogPort } from '@headgate/core'
import type { MaskObligation } from '@headgate/policy'
import { StoreFailedError } from '../../store/errors.ts'
import type { Store } from '../../store/store.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { SessionsOffError } from './errors.ts'
import { MaskBook } from './mask-book.ts'
import { SessionIndex } from './session-index.ts'
import { SessionTable } from './session-table.ts'
import { TrailFollower } from './trail-follower.ts'

/** What {@link SessionArchive} needs. */
export interface SessionArchiveOptions {
  /** Absent where the config names no store: an index in memory would grow with the trail. */
  readonly openStore: (() => Promise<Store>) | undefined
  readonly trail: Pick<AuditTrail, 'folder' | 'files' | 'writer'> | undefined
  readonly log: LogPort
  readonly clock: Clock
}

/** What is on record of sessions: the index over the trail, and the masks that they saw. */
export class SessionArchive {
  readonly masks: MaskBook
  /** Whether there is a trail and a store: without either there is nothing to tell. */
  readonly isOn: boolean
  readonly #openStore: () => Promise<Store>
  readonly #options: SessionArchiveOptions
  #follower: TrailFollower | undefined
  #opening: Promise<Store> | undefined
  #isClosed = false

  constructor(options: SessionArchiveOptions) {
    const { openStore, trail, log, clock } = options
    this.#options = options
    this.#openStore = openStore ?? (() => Promise.reject(new SessionsOffError()))
    this.masks = new MaskBook({ openStore: () => this.#store(), log, clock })
    this.isOn = openStore !== undefined && trail !== undefined
  }

  /** Begins to take the trail in; does nothing where there is none, or no store. */
  start(): void {
    const { trail, log, clock } = this.#options
    if (!this.isOn || trail === undefined) return
    const index = async (): Promise<SessionIndex> => new SessionIndex((await this.#store()).database)
    this.#follower ??= new TrailFollower({ trail, index, log, clock })
  }

  /** Keeps what a digest in the trail stands for. */
  noteMask(mask: MaskObligation): void {
    if (this.isOn && !this.#isClosed) this.masks.note(mask)
  }

  /**
   * What the trail says of sessions up to now.
   *
   * @throws {SessionsOffError} `ERR_GATEWAY_SESSIONS_OFF`
   * @throws {HeadgateError} `ERR_GATEWAY_STORE_OPEN`
   */
  async table(): Promise<SessionTable> {
    if (!this.isOn) throw new SessionsOffError()
    await this.#follower?.caughtUp()
    return new SessionTable((await this.#store()).database)
  }

  /** Takes in what is durable, and gives the store back. */
  async close(): Promise<void> {
    await this.#follower?.close()
    await this.masks.settled()
    this.#isClosed = true
    await this.#opening?.then((store) => store.close()).catch(() => undefined)
  }

  #store(): Promise<Store> {
    if (this.#isClosed) return Promise.reject(new StoreFailedError('it is closed'))
    this.#opening ??= this.#openStore().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }
}
