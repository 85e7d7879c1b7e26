import type { Clock, LogPort } from '@headgate/core'
import type { MaskObligation } from '@headgate/policy'
import type { Store } from '../../store/store.ts'
import type { TrailIndex } from '../trail-index/trail-index.ts'
import { SessionsOffError } from './errors.ts'
import { MaskBook } from './mask-book.ts'
import { SessionTable } from './session-table.ts'

/** What {@link SessionArchive} needs. */
export interface SessionArchiveOptions {
  /** The index over the trail, which takes sessions in; absent where the config names no trail. */
  readonly index: Pick<TrailIndex, 'complete'> | undefined
  /** Opens the store in which masks are kept. */
  readonly openStore: () => Promise<Store>
  readonly log: LogPort
  readonly clock: Clock
}

/** What is on record of sessions: what the index over the trail says, and the masks that they saw. */
export class SessionArchive {
  readonly masks: MaskBook
  readonly #options: SessionArchiveOptions

  constructor(options: SessionArchiveOptions) {
    this.#options = options
    this.masks = new MaskBook(options)
  }

  /** Keeps what a digest in the trail stands for; does nothing where there is no trail. */
  noteMask(mask: MaskObligation): void {
    if (this.#options.index !== undefined) this.masks.note(mask)
  }

  /**
   * What the trail says of sessions up to now.
   *
   * @throws {SessionsOffError} `ERR_GATEWAY_SESSIONS_OFF`
   * @throws {HeadgateError} when the index cannot be opened or written.
   */
  async table(): Promise<SessionTable> {
    const { index } = this.#options
    if (index === undefined) throw new SessionsOffError()
    return new SessionTable(await index.complete())
  }

  /** Lets masks be written that were noted, and gives the store back. */
  close(): Promise<void> {
    return this.masks.close()
  }
}
