import type { Clock, ClockTimer } from '@headgate/core'
import type { ResponseOrder, ResponseSlot } from './response-order.ts'

/** What an answer needs that waits. */
export interface WaitingAnswerOptions {
  readonly frame: Buffer
  readonly order: ResponseOrder
  readonly slot: ResponseSlot
  readonly clock: Clock
  readonly maxWaitMs: number
  /** Called when it was given at its time; not when it was given early. */
  readonly onGiven: (answer: WaitingAnswer) => void
}

/** An answer that is held back until its time, as a broker holds back one that has nothing to tell, or until it is woken. */
export class WaitingAnswer {
  readonly #options: WaitingAnswerOptions
  readonly #timer: ClockTimer

  constructor(options: WaitingAnswerOptions) {
    this.#options = options
    this.#timer = options.clock.after(options.maxWaitMs, () => {
      this.#give()
      options.onGiven(this)
    })
  }

  /** Gives the answer now. */
  wake(): void {
    this.#timer.cancel()
    this.#give()
  }

  /** Lets go of it: the connection is gone. */
  cancel(): void {
    this.#timer.cancel()
  }

  #give(): void {
    const { order, slot, frame } = this.#options
    order.answer(slot, frame)
  }
}
