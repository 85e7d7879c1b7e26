import type { PlainMasker } from '../strategy/action.ts'

const SHORT_COPY = 32
/** What reused memory may grow to, and stay at. */
const MOST_REUSED_BYTES = 1024 * 1024

/**
 * What a text becomes while it is scanned: what was replaced so far, and what lies between.
 *
 * Nothing is written before the first replacement. Finished texts are slices of one piece of memory after another, as those
 * of `Buffer.allocUnsafe` are; none is written to again.
 */
export class Output {
  readonly #pieceBytes: number
  readonly #isReused: boolean
  #target: Buffer
  /** Where this text begins in the target. */
  #begin = 0
  /** How much of the target is written. */
  #to = 0
  /** Up to where the source is in the target. */
  #from = 0
  #changed = false

  /** `pieceBytes` are taken at once, more where one text needs more. `isReused`: a finished text holds until the next begins. */
  constructor(pieceBytes: number, isReused = false) {
    this.#pieceBytes = pieceBytes
    this.#isReused = isReused
    this.#target = Buffer.allocUnsafeSlow(pieceBytes)
  }

  /** Whether anything was replaced. */
  get isChanged(): boolean {
    return this.#changed
  }

  /** Begins a new text, of a source that begins at `from`. */
  clear(from: number): void {
    if (this.#target.length > (this.#isReused ? MOST_REUSED_BYTES : this.#pieceBytes)) {
      this.#target = Buffer.allocUnsafeSlow(this.#pieceBytes)
      this.#begin = 0
    }
    if (this.#isReused) this.#begin = 0
    this.#to = this.#begin
    this.#from = from
    this.#changed = false
  }

  /** Writes `text` for the source's bytes from `start` to `end`. Pieces come in order and do not overlap. */
  replace(source: Buffer, start: number, end: number, text: Uint8Array): void {
    const to = this.#copyUntil(source, start, text.length)
    const target = this.#target
    for (let at = 0; at < text.length; at += 1) target[to + at] = text[at] as number
    this.#replaced(to + text.length, end)
  }

  /** Leaves out the source's bytes from `start` to `end`. */
  drop(source: Buffer, start: number, end: number): void {
    // What is left out piece after piece has nothing between that would be copied.
    if (start > this.#from) this.#to = this.#copyUntil(source, start, 0)
    this.#from = end
    this.#changed = true
  }

  /** As {@link Output.replace}, for a text that is not encoded yet. */
  replaceText(source: Buffer, start: number, end: number, text: string): void {
    const to = this.#copyUntil(source, start, text.length * 3)
    this.#replaced(to + this.#target.write(text, to), end)
  }

  /** Lets `mask` write as many bytes as there are from `start` to `end`; gives false if they came out the same. */
  replacePlain(source: Buffer, start: number, end: number, mask: PlainMasker): boolean {
    const to = this.#copyUntil(source, start, end - start)
    this.#to = to
    this.#from = start
    if (!mask(source, start, end, this.#target, to)) return false
    this.#replaced(to + end - start, end)
    return true
  }

  /** Gives the finished text, of a source that ends at `end`. */
  finish(source: Buffer, end: number): Buffer {
    const to = this.#copyUntil(source, end, 0)
    const result = this.#target.subarray(this.#begin, to)
    this.#begin = to
    return result
  }

  #replaced(to: number, from: number): void {
    this.#to = to
    this.#from = from
    this.#changed = true
  }

  /** Copies what lies before `start`, makes room for `more` bytes, and gives the place for them. */
  #copyUntil(source: Buffer, start: number, more: number): number {
    const from = this.#from
    const length = start - from
    if (this.#to + length + more > this.#target.length) this.#takePiece(length + more)
    const target = this.#target
    const to = this.#to
    // A native copy costs as much as some dozens of bytes by hand.
    if (length > SHORT_COPY) source.copy(target, to, from, start)
    else for (let at = 0; at < length; at += 1) target[to + at] = source[from + at] as number
    return to + length
  }

  /** Goes on in new memory, with what is written of this text; texts before it keep the old one. */
  #takePiece(more: number): void {
    const written = this.#to - this.#begin
    const target = Buffer.allocUnsafeSlow(Math.max(this.#pieceBytes, 2 * written + more))
    this.#target.copy(target, 0, this.#begin, this.#to)
    this.#target = target
    this.#begin = 0
    this.#to = written
  }
}
