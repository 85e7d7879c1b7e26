import type { ReadBuffer } from './read-buffers.ts'

/**
 * How the bytes of an answer are taken when they come from the broker:
 * `pass` hands them on as they arrive, `whole` collects the frame first, `discard` drops them.
 */
export type AnswerMode = 'pass' | 'whole' | 'discard'

/** What is handed on in the place of a whole frame. */
export type WholeOutcome = Buffer | LeasedFrame | null | undefined

/** A frame in memory on loan, whose one holder is whoever gets it. */
export interface LeasedFrame {
  readonly bytes: Buffer
  readonly lease: ReadBuffer
}

/** One answer that a broker owes, in the order in which the requests were sent. */
export interface PendingAnswer {
  readonly correlationId: number
  /** Read when the first byte of the answer arrives. */
  mode(): AnswerMode
  /**
   * Takes a whole frame, length prefix included; called in mode `whole` only.
   *
   * The frame is a view that is valid during the call, and until the promise is settled where one is given. Gives the frame
   * to hand on in its place, `null` to hand it on as it is, or `undefined` when nothing is handed on.
   */
  whole(frame: Buffer): WholeOutcome | Promise<WholeOutcome>
  /** Takes bytes `start` to `end` of `chunk` that belong to the answer; the lease keeps `chunk` alive while it is retained. */
  pass(chunk: Buffer, start: number, end: number, isLast: boolean, lease: ReadBuffer | null): void
  /** Takes the whole replacement that {@link PendingAnswer.whole} gave. */
  replace(frame: Buffer): void
  /** The connection ended before the answer came. */
  lost(cause: Error): void
}
