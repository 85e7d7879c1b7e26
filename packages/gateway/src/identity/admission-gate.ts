import { AuthenticatorBusyError } from './identity-errors.ts'

/** Bounds of an {@link AdmissionGate}. */
export interface AdmissionGateOptions {
  readonly maxRunning: number
  readonly maxWaiting: number
}

/** Lets a bounded number of tasks run at once, a bounded number wait in order, and refuses the rest. */
export class AdmissionGate {
  readonly #maxRunning: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({ maxRunning, maxWaiting }: AdmissionGateOptions) {
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  /** Runs the task when there is room; {@link AuthenticatorBusyError} when even the queue is full. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#maxRunning) {
      this.#running += 1
      return
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new AuthenticatorBusyError()
    // INVARIANT: who is woken takes over the place of the one that left, so `#running` stays as it is.
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
