const SHORT_COPY = 32

/** Gives memory. */
export type TakeBytes = (leastBytes: number) => Buffer

/** Bytes that are written one behind the other, in memory that grows. */
export class GrowingBytes {
  #bytes: Buffer
  #length = 0
  #leastBytes: number
  readonly #take: TakeBytes

  /** `leastBytes` are taken with the first write, by `take`, which gives that much or more. */
  constructor(leastBytes: number, take: TakeBytes = Buffer.allocUnsafeSlow) {
    this.#leastBytes = leastBytes
    this.#take = take
    this.#bytes = Buffer.alloc(0)
  }

  /** The memory; what lies behind `length` has no meaning, and a write may replace it all. */
  get bytes(): Buffer {
    return this.#bytes
  }

  get length(): number {
    return this.#length
  }

  /** Makes room for more bytes and gives where they begin; they must be written. */
  reserve(count: number): number {
    const at = this.#length
    this.#length = at + count
    if (this.#length > this.#bytes.length) this.#grow(at)
    return at
  }

  /** Forgets what was written; memory that has to grow holds at least so much then. */
  begin(leastBytes: number): void {
    this.#length = 0
    this.#leastBytes = leastBytes
  }

  /** Writes the bytes of `source` from `start` to `end`. */
  copy(source: Buffer, start: number, end: number): void {
    const count = end - start
    if (count <= 0) return
    const at = this.reserve(count)
    const bytes = this.#bytes
    // A native copy costs as much as some dozens of bytes by hand.
    if (count > SHORT_COPY) source.copy(bytes, at, start, end)
    else for (let n = 0; n < count; n += 1) bytes[at + n] = source[start + n] as number
  }

  /** Forgets what was written from `length` on. */
  truncate(length: number): void {
    this.#length = length
  }

  /** What has been written; the memory is not written to again. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(used: number): void {
    const size = Math.max(this.#leastBytes, this.#length, Math.ceil(this.#bytes.length * 1.5))
    const larger = this.#take(size)
    this.#bytes.copy(larger, 0, 0, used)
    this.#bytes = larger
  }
}
