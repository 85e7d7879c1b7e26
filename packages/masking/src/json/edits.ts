const SHORT_COPY = 24

/** Pieces of a record to be replaced, in order, without overlap. */
export class Edits {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #texts: (string | Buffer)[] = []
  #growth = 0

  get isEmpty(): boolean {
    return this.#starts.length === 0
  }

  /** Replaces the bytes from `start` to `end` with JSON text. */
  push(start: number, end: number, text: string): void {
    const piece = isAscii(text) ? text : Buffer.from(text)
    this.#starts.push(start)
    this.#ends.push(end)
    this.#texts.push(piece)
    this.#growth += piece.length - (end - start)
  }

  /** Gives a copy of the bytes up to `end` with the pieces replaced. */
  apply(bytes: Buffer, end: number): Buffer {
    const result = Buffer.allocUnsafe(end + this.#growth)
    let [from, to] = [0, 0]
    for (let index = 0; index < this.#starts.length; index += 1) {
      to = copyBytes(bytes, from, this.#starts[index] as number, result, to)
      to = copyText(this.#texts[index] as string | Buffer, result, to)
      from = this.#ends[index] as number
    }
    copyBytes(bytes, from, end, result, to)
    return result
  }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) >= 0x80) return false
  return true
}

// A native copy costs as much as some dozens of bytes by hand.
function copyBytes(source: Buffer, from: number, end: number, target: Buffer, to: number): number {
  const length = end - from
  if (length > SHORT_COPY) source.copy(target, to, from, end)
  else for (let at = 0; at < length; at += 1) target[to + at] = source[from + at] as number
  return to + length
}

function copyText(text: string | Buffer, target: Buffer, to: number): number {
  if (typeof text !== 'string') return to + text.copy(target, to)
  for (let at = 0; at < text.length; at += 1) target[to + at] = text.charCodeAt(at)
  return to + text.length
}
