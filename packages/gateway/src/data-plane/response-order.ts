import type { Socket } from 'node:net'
import { Fifo } from './fifo.ts'
import type { ReadBuffer } from './read-buffers.ts'

/** The place of one answer in the order of a connection. */
export class ResponseSlot {
  readonly held: Buffer[] = []
  isComplete = false
  isStarted = false
}

interface Output {
  readonly bytes: Buffer
  readonly lease: ReadBuffer | null
}

/**
 * Writes the answers of one connection in the order of its requests, which is what Kafka promises.
 *
 * Bytes for the slot at the head go to the socket; bytes for a later slot are copied and held. Contiguous runs of one
 * chunk leave as one write: a write for each frame costs four times as much.
 */
export class ResponseOrder {
  readonly #socket: Socket
  readonly #slots = new Fifo<ResponseSlot>()
  readonly #outputs: Output[] = []
  #runChunk: Buffer | null = null
  #runStart = 0
  #runEnd = 0
  #runLease: ReadBuffer | null = null
  #heldBytes = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Answers that are still owed. */
  get owed(): number {
    return this.#slots.size
  }

  /** Bytes that wait for an earlier answer. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Reserves the next place. */
  reserve(): ResponseSlot {
    const slot = new ResponseSlot()
    this.#slots.push(slot)
    return slot
  }

  /** Hands on a complete answer; `frame` must stay unchanged afterwards. */
  answer(slot: ResponseSlot, frame: Buffer): void {
    slot.isStarted = true
    slot.isComplete = true
    if (this.#slots.peek() === slot) {
      this.#closeRun()
      this.#outputs.push({ bytes: frame, lease: null })
      this.#advance()
    } else {
      this.#hold(slot, frame)
    }
  }

  /** Hands on a part of an answer. */
  pass(slot: ResponseSlot, chunk: Buffer, start: number, end: number, isLast: boolean, lease: ReadBuffer | null): void {
    slot.isStarted = true
    if (isLast) slot.isComplete = true
    if (this.#slots.peek() !== slot) {
      this.#hold(slot, Buffer.from(chunk.subarray(start, end)))
      return
    }
    if (this.#runChunk === chunk && this.#runEnd === start) {
      this.#runEnd = end
    } else {
      this.#closeRun()
      this.#runChunk = chunk
      this.#runStart = start
      this.#runEnd = end
      this.#runLease = lease
    }
    if (isLast) this.#advance()
  }

  /** Writes what has gathered; returns `false` when the socket asks to wait for `drain`. */
  flush(): boolean {
    this.#closeRun()
    const outputs = this.#outputs
    if (outputs.length === 0) return !this.#socket.writableNeedDrain
    if (outputs.length > 1) this.#socket.cork()
    for (const { bytes, lease } of outputs) {
      if (lease === null) this.#socket.write(bytes)
      else this.#socket.write(bytes, lease.release)
    }
    if (outputs.length > 1) this.#socket.uncork()
    outputs.length = 0
    return !this.#socket.writableNeedDrain
  }

  #hold(slot: ResponseSlot, bytes: Buffer): void {
    slot.held.push(bytes)
    this.#heldBytes += bytes.length
  }

  #closeRun(): void {
    if (this.#runChunk === null) return
    const lease = this.#runLease?.retain() ?? null
    this.#outputs.push({ bytes: this.#runChunk.subarray(this.#runStart, this.#runEnd), lease })
    this.#runChunk = null
    this.#runLease = null
  }

  /** The head is complete: drops it, and releases what the next ones hold. */
  #advance(): void {
    this.#slots.shift()
    let next = this.#slots.peek()
    while (next !== undefined && next.held.length > 0) {
      this.#closeRun()
      for (const bytes of next.held) {
        this.#outputs.push({ bytes, lease: null })
        this.#heldBytes -= bytes.length
      }
      next.held.length = 0
      if (!next.isComplete) return
      this.#slots.shift()
      next = this.#slots.peek()
    }
  }
}
