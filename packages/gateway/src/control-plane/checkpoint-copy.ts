import { open, rename } from 'node:fs/promises'
import type { LogPort } from '@headgate/core'

/** Keeps the newest checkpoint in a file of its own, which always holds a whole one. */
export class CheckpointCopy {
  readonly #path: string
  readonly #log: LogPort
  #copied: string | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(path: string, log: LogPort) {
    this.#path = path
    this.#log = log
  }

  /** Takes the newest checkpoint; one that has been copied already is not copied again. */
  take(checkpoint: string | undefined): void {
    if (checkpoint === undefined || checkpoint === this.#copied) return
    this.#copied = checkpoint
    this.#work = this.#work
      .then(() => (checkpoint === this.#copied ? this.#write(checkpoint) : undefined))
      .catch((error: unknown) => {
        const code = 'ERR_GATEWAY_AUDIT_CHECKPOINT_COPY'
        const { code: reason = 'unknown' } = error as NodeJS.ErrnoException
        this.#log.error({ event: 'audit', code, reason, path: this.#path }, 'the newest checkpoint could not be copied')
      })
  }

  /** Resolves when everything that was taken has been written, or told of. */
  settled(): Promise<void> {
    return this.#work
  }

  async #write(checkpoint: string): Promise<void> {
    const path = `${this.#path}.new`
    const file = await open(path, 'w', 0o640)
    try {
      await file.writeFile(`${checkpoint}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(path, this.#path)
  }
}
