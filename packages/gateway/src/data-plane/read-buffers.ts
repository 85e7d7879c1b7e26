const MIN_BYTES = 1024
const MAX_BYTES = 256 * 1024
const MAX_POOLED = 64
/** Of one size: what a busy process keeps; larger ones are not kept at all. */
const MAX_POOLED_BYTES = 16 * 1024 * 1024
const LEAST_LARGE_BYTES = 512 * 1024

/**
 * A buffer that the kernel reads into, on loan until every write that refers to it has been flushed.
 *
 * INVARIANT: libuv keeps a pointer into the buffer while a write is only partly flushed, so the buffer goes back to the
 * pool with the last release, never earlier.
 */
export class ReadBuffer {
  readonly bytes: Buffer
  /** Bound, so that it can be handed to `socket.write` as it is. */
  readonly release: () => void
  #holders = 0

  constructor(bytes: Buffer, giveBack: (buffer: ReadBuffer) => void) {
    this.bytes = bytes
    this.release = () => {
      this.#holders -= 1
      if (this.#holders === 0) giveBack(this)
    }
  }

  /** Adds a holder; each is ended by one `release`. */
  retain(): this {
    this.#holders += 1
    return this
  }
}

/** Read buffers of 1, 4, 16, 64 and 256 KiB, and larger ones for whole answers, reused across the connections of a process. */
export class ReadBufferPool {
  readonly #free = new Map<number, ReadBuffer[]>()

  /** Gives a buffer of `size` bytes with one holder. */
  take(size: number): ReadBuffer {
    const pooled = this.#free.get(size)?.pop()
    return (pooled ?? new ReadBuffer(Buffer.allocUnsafeSlow(size), (buffer) => this.#put(buffer))).retain()
  }

  /**
   * Gives a buffer for a whole answer, of at least so many bytes, with one holder: memory that is taken anew for every answer
   * costs more than what is done with it.
   */
  takeLarge(leastBytes: number): ReadBuffer {
    return this.take(Math.max(LEAST_LARGE_BYTES, 2 ** Math.ceil(Math.log2(Math.max(leastBytes, 1)))))
  }

  #put(buffer: ReadBuffer): void {
    const size = buffer.bytes.length
    const free = this.#free.get(size) ?? []
    if (free.length === 0) this.#free.set(size, free)
    if (free.length < MAX_POOLED && (free.length + 1) * size <= MAX_POOLED_BYTES) free.push(buffer)
  }
}

/** The size for the next read: larger after a full one, smaller after a mostly empty one, so that idle sockets pin 1 KiB. */
export function nextReadBytes(currentBytes: number, filledBytes: number): number {
  if (filledBytes === currentBytes) return Math.min(currentBytes * 4, MAX_BYTES)
  if (filledBytes * 8 < currentBytes) return Math.max(currentBytes / 4, MIN_BYTES)
  return currentBytes
}

/** The size of a socket's first read. */
export const FIRST_READ_BYTES: number = MIN_BYTES
