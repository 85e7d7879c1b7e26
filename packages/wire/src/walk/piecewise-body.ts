import { ShortReadError, TrailingBytesError } from '../errors.ts'
import { Reader } from '../primitives/reader.ts'

/** How much of a new piece is copied to complete a head that the piece before it cut in two; doubled until it suffices. */
const HEAD_BYTES = 512

/** What a step of a walk did. */
export type StepResult = 'again' | 'more' | 'done'

/**
 * Feeds the pieces of a message's body to a walk, step by step.
 *
 * A step reads one small part from the reader it is given. When the part is not there whole, the step gives `more`, or lets
 * the reader throw its short read: the reader is then set back, and the step is called again when more bytes have come.
 * Only a part that is cut in two is copied.
 */
export class PiecewiseBody {
  readonly #step: (reader: Reader) => StepResult
  #bodyBytes = 0
  #takenBytes = 0
  #isDone = true
  #carry: Buffer | undefined
  /** What to add to an offset of the current reader to get the position in the body. */
  #origin = 0

  /** INVARIANT: `step` changes nothing before it has read all it needs, since it may be called again for the same bytes. */
  constructor(step: (reader: Reader) => StepResult) {
    this.#step = step
  }

  /** Whether the whole body has been walked. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Begins a body of `bodyBytes` bytes. */
  reset(bodyBytes: number): void {
    this.#bodyBytes = bodyBytes
    this.#takenBytes = 0
    this.#isDone = false
    this.#carry = undefined
  }

  /** The position of the reader in the body. */
  position(reader: Reader): number {
    return reader.offset + this.#origin
  }

  /** The bytes of the body from the reader's position on, also those that have not come yet. */
  bytesLeft(reader: Reader): number {
    return this.#bodyBytes - this.position(reader)
  }

  /**
   * Walks the next bytes of the body.
   *
   * @throws {ShortReadError} `ERR_WIRE_SHORT_READ` when the body is over before the walk is.
   * @throws {TrailingBytesError} `ERR_WIRE_TRAILING_BYTES` when the walk is over before the body is.
   */
  push(bytes: Buffer, start: number, end: number): void {
    const tooMany = this.#takenBytes + end - start - this.#bodyBytes
    if (tooMany > 0) throw new TrailingBytesError(end - tooMany, tooMany)
    const at = this.#carry === undefined ? start : this.#completeCarry(this.#carry, bytes, start, end)
    if (this.#carry === undefined) this.#walkPiece(bytes, at, start, end)
    this.#takenBytes += end - start
    this.#checkEnd()
  }

  /** Walks over a part that the piece before cut in two; gives where in `bytes` the walk goes on. */
  #completeCarry(carry: Buffer, bytes: Buffer, start: number, end: number): number {
    this.#origin = this.#takenBytes - carry.length
    for (let size = HEAD_BYTES; ; size *= 2) {
      const headEnd = Math.min(start + size, end)
      const reader = new Reader(Buffer.concat([carry, bytes.subarray(start, headEnd)]))
      this.#walk(reader)
      // The first step ends behind the carry, or it would have been taken when the carry was all there was.
      if (reader.offset > 0) {
        this.#carry = undefined
        return start + reader.offset - carry.length
      }
      if (headEnd === end) {
        this.#carry = reader.bytes
        return end
      }
    }
  }

  #walkPiece(bytes: Buffer, at: number, start: number, end: number): void {
    this.#origin = this.#takenBytes - start
    const reader = new Reader(bytes, at, end)
    this.#walk(reader)
    if (this.#isDone && reader.remaining > 0) throw new TrailingBytesError(this.position(reader), reader.remaining)
    if (reader.remaining > 0) this.#carry = Buffer.from(bytes.subarray(reader.offset, end))
  }

  #walk(reader: Reader): void {
    while (!this.#isDone) {
      const mark = reader.offset
      const result = this.#take(reader)
      if (result === 'done') this.#isDone = true
      if (result === 'more') return
      if (result === 'short') {
        reader.offset = mark
        return
      }
    }
  }

  #take(reader: Reader): StepResult | 'short' {
    try {
      return this.#step(reader)
    } catch (cause) {
      const isBodyOver = reader.end + this.#origin === this.#bodyBytes
      if (isBodyOver || !(cause instanceof ShortReadError)) throw cause
      return 'short'
    }
  }

  #checkEnd(): void {
    const leftBytes = this.#bodyBytes - this.#takenBytes
    if (this.#isDone && leftBytes > 0) throw new TrailingBytesError(this.#takenBytes, leftBytes)
    if (this.#isDone || leftBytes > 0) return
    throw new ShortReadError({ field: 'body', offset: this.#takenBytes }, 1, 0)
  }
}
