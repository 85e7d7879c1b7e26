import type { Socket } from 'node:net'

interface Entry {
  bytes: Buffer | undefined
}

/** Writes answers to a client in the order in which they came, also when one of them is not ready yet. */
export class OrderedAnswers {
  readonly #socket: Socket
  readonly #waiting: Entry[] = []

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Writes bytes behind everything before them. */
  write(bytes: Buffer): void {
    if (this.#waiting.length > 0) this.#waiting.push({ bytes })
    else this.#socket.write(bytes)
  }

  /** Keeps a place; the function returned fills it. */
  reserve(): (bytes: Buffer) => void {
    const entry: Entry = { bytes: undefined }
    this.#waiting.push(entry)
    return (bytes) => {
      entry.bytes = bytes
      this.#flush()
    }
  }

  #flush(): void {
    for (let bytes = this.#waiting[0]?.bytes; bytes !== undefined; bytes = this.#waiting[0]?.bytes) {
      this.#waiting.shift()
      this.#socket.write(bytes)
    }
  }
}
