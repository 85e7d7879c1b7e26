/** Sees what a client is given of an answer. */
export interface AnswerTap {
  /** Bytes `start` to `end` of `chunk`, length prefix and header first, are about to be handed on as they came. */
  push(chunk: Buffer, start: number, end: number): void
  /** The whole answer has been handed on. */
  handedOn(): void
  /** The client gets another answer in its place. */
  dropped(): void
}
