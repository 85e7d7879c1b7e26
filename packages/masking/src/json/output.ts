import type { PlainMasker } from '../strategy/action.ts'

const MOST_KEPT_BYTES = 1024 * 1024
const SHORT_COPY = 32

/**
 * What a text becomes while it is scanned: what was replaced so far, and what lies between.
 *
 * Nothing is written before the first replacement. The memory is used again for the next text.
 */
export class Output {
  readonly #firstBytes: number
  #target: Buffer
  /** How much of the target is written. */
  #to = 0
  /** Up to where the source is in the target. */
  #from = 0
  #changed = false

  /** `firstBytes` are taken at once, more when they are needed. */
  constructor(firstBytes: number) {
    this.#firstBytes = firstBytes
    this.#target = Buffer.allocUnsafeSlow(firstBytes)
  }

  /** Whether anything was replaced. */
  get isChanged(): boolean {
    return this.#changed
  }

  /** Begins a new text. */
  clear(): void {
    if (this.#target.length > MOST_KEPT_BYTES) this.#target = Buffer.allocUnsafeSlow(this.#firstBytes)
    this.#to = 0
    this.#from = 0
    this.#changed = false
  }

  /** Writes `text` for the source's bytes from `start` to `end`. Pieces come in order and do not overlap. */
  replace(source: Buffer, start: number, end: number, text: Uint8Array): void {
    const to = this.#copyUntil(source, start, text.length)
    const target = this.#target
    for (let at = 0; at < text.length; at += 1) target[to + at] = text[at] as number
    this.#replaced(to + text.length, end)
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
    const length = this.#copyUntil(source, end, 0)
    const result = Buffer.allocUnsafe(length)
    this.#target.copy(result, 0, 0, length)
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
    const to = this.#to
    const length = start - from
    if (to + length + more > this.#target.length) this.#grow(to + length + more)
    const target = this.#target
    // A native copy costs as much as some dozens of bytes by hand.
    if (length > SHORT_COPY) source.copy(target, to, from, start)
    else for (let at = 0; at < length; at += 1) target[to + at] = source[from + at] as number
    return to + length
  }

  #grow(least: number): void {
    const target = Buffer.allocUnsafeSlow(Math.max(2 * this.#target.length, least))
    this.#target.copy(target, 0, 0, this.#to)
    this.#target = target
  }
}
