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

  /** The bytes that it keeps. */
  get bytes(): number {
    return this.#options.frame.length
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

/** The answers of one connection that wait, and what they keep. */
export class WaitingAnswers {
  readonly #answers = new Set<WaitingAnswer>()
  #bytes = 0

  /** The bytes of all of them: a client may ask for as much as it is let to, before any of it is due. */
  get bytes(): number {
    return this.#bytes
  }

  /** Holds an answer back. */
  add({ onGiven, ...options }: WaitingAnswerOptions): void {
    const answer = new WaitingAnswer({
      ...options,
      onGiven: (given) => {
        if (this.#answers.delete(given)) this.#bytes -= given.bytes
        onGiven(given)
      },
    })
    this.#answers.add(answer)
    this.#bytes += answer.bytes
  }

  /** Gives all of them now. */
  wake(): void {
    for (const answer of this.#takeAll()) answer.wake()
  }

  /** Lets go of them: the connection is gone. */
  cancel(): void {
    for (const answer of this.#takeAll()) answer.cancel()
  }

  #takeAll(): WaitingAnswer[] {
    const answers = [...this.#answers]
    this.#answers.clear()
    this.#bytes = 0
    return answers
  }
}
