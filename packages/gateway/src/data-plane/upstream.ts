// One job, in more than 300 lines: what is written to one broker and what it answers share one order, which no part can keep alone.
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { UpstreamProtocolError, UpstreamUnreachableError } from './errors.ts'
import { Fifo } from './fifo.ts'
import type { PendingAnswer, WholeOutcome } from './pending-answer.ts'
import { pooledReads } from './pooled-reads.ts'
import type { ReadBuffer, ReadBufferPool } from './read-buffers.ts'
import { SocketReading } from './socket-reading.ts'

/** Where a broker listens. */
export interface UpstreamAddress {
  readonly host: string
  readonly port: number
}

/** What an upstream connection is made with. */
export interface UpstreamOptions {
  readonly address: UpstreamAddress
  /** TLS options, or `null` for an explicitly insecure cluster. */
  readonly tls: ConnectionOptions | null
  readonly pool: ReadBufferPool
  readonly connectTimeoutMs: number
  readonly maxFrameBytes: number
  /** Called once, with the reason, when the connection has ended for whatever cause. */
  readonly onClosed: (cause: Error | null) => void
  /** Called after every delivery, so that the receiver can write once. */
  readonly onDelivered: () => void
  /** Called when bytes written earlier have left. */
  readonly onDrain: () => void
}

interface QueuedWrite {
  readonly bytes: Buffer
  readonly lease: ReadBuffer | null
}

const HEAD_BYTES = 8
const PREFIX_BYTES = 4

/**
 * One connection to a broker: bytes out, answers in, in order.
 *
 * Writes before {@link Upstream.open} are queued, so that a caller need not wait for the sign-in; {@link Upstream.hold}
 * queues them again while the connection signs in anew. Answers are matched by order and checked by correlation id.
 */
export class Upstream {
  readonly #options: UpstreamOptions
  readonly #socket: Socket
  readonly #reading: SocketReading
  readonly #pending = new Fifo<PendingAnswer>()
  readonly #queue: QueuedWrite[] = []
  readonly #queuedPending: PendingAnswer[] = []
  readonly #atFrameEnd: (() => void)[] = []
  readonly #head: Buffer = Buffer.allocUnsafeSlow(HEAD_BYTES)
  #headBytes = 0
  /** What is still to be written of the frame that was written last. */
  #openFrameBytes = 0
  #isHeld = true
  #isClosed = false
  #current: PendingAnswer | null = null
  #isDiscarding = false
  #leftBytes = 0
  #whole: Buffer | null = null
  #wholeLease: ReadBuffer | null = null
  /** Buffers of whole answers, until what was handed on of them has been taken. */
  readonly #delivered: ReadBuffer[] = []

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#socket = options.tls === null ? this.#connectPooled() : this.#connectTls(options.tls)
    this.#reading = new SocketReading(this.#socket)
    this.#socket.setNoDelay(true)
    this.#socket.setTimeout(options.connectTimeoutMs, () => this.#fail('timed out'))
    this.#socket.on('drain', options.onDrain)
    this.#socket.on('error', (error) => this.#fail(errorWord(error)))
    this.#socket.on('close', () => this.#fail('closed by the broker'))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether a frame has been written in part. */
  get isInFrame(): boolean {
    return this.#openFrameBytes > 0
  }

  /** Whether writes should wait for `onDrain`. */
  get needsDrain(): boolean {
    return !this.#isClosed && (this.#socket.writableNeedDrain || this.#queue.length > 1)
  }

  /** Announces the answer to a request whose bytes follow by {@link Upstream.write}; it is queued as they are. */
  expect(pending: PendingAnswer): void {
    if (this.#isClosed) pending.lost(this.#unreachable('closed'))
    else if (this.#isHeld) this.#queuedPending.push(pending)
    else this.#pending.push(pending)
  }

  /**
   * Writes request bytes, or queues them while the connection is not open; `false` asks to wait for `onDrain`.
   *
   * They are whole frames, or pieces of one, of which the first holds at least its length prefix. A lease is released when
   * the bytes have left, or cannot leave any more.
   */
  write(bytes: Buffer, lease: ReadBuffer | null = null): boolean {
    if (this.#isClosed) {
      lease?.release()
      return true
    }
    const isTaken = this.#isHeld ? this.#enqueue({ bytes, lease }) : this.#send(bytes, lease)
    this.#openFrameBytes = bytesMissing(bytes, this.#openFrameBytes)
    if (this.#openFrameBytes === 0) for (const act of this.#atFrameEnd.splice(0)) act()
    return isTaken
  }

  /** Writes a request of the gateway's own, behind the frame that is being written. */
  request(bytes: Buffer, pending: PendingAnswer): void {
    this.#whenFrameEnds(() => {
      this.expect(pending)
      this.write(bytes)
    })
  }

  /** Sends a request past the queue; the sign-in's own. */
  sendDirect(bytes: Buffer, pending: PendingAnswer): void {
    if (this.#isClosed) {
      pending.lost(this.#unreachable('closed'))
      return
    }
    this.#pending.push(pending)
    this.#socket.write(bytes)
  }

  /** Lets queued and later writes pass. */
  open(): void {
    this.#isHeld = false
    this.#socket.setTimeout(0)
    for (const pending of this.#queuedPending.splice(0)) this.#pending.push(pending)
    this.#socket.cork()
    for (const { bytes, lease } of this.#queue.splice(0)) this.#send(bytes, lease)
    this.#socket.uncork()
    this.#options.onDrain()
  }

  /** Queues later writes until {@link Upstream.open}, from the end of the frame on that is being written; then calls `onHeld`. */
  hold(onHeld: () => void): void {
    this.#whenFrameEnds(() => {
      this.#isHeld = true
      onHeld()
    })
  }

  /** Stops reading. */
  pause(): void {
    this.#reading.pause()
  }

  /** Reads again. */
  resume(): void {
    this.#reading.resume()
  }

  /** Ends the connection; `onClosed` is not called. */
  close(): void {
    this.#isClosed = true
    for (const { lease } of this.#queue.splice(0)) lease?.release()
    this.#socket.destroy()
  }

  /**
   * INVARIANT: nothing of the gateway's own stands between the pieces of a client's frame. It would become that frame's
   * tail, and the broker would take what follows, which the client chose, for requests that the gateway has decided.
   */
  #whenFrameEnds(act: () => void): void {
    if (this.#openFrameBytes === 0 || this.#isClosed) act()
    else this.#atFrameEnd.push(act)
  }

  #enqueue(write: QueuedWrite): boolean {
    this.#queue.push(write)
    return this.#queue.length < 2
  }

  #send(bytes: Buffer, lease: ReadBuffer | null): boolean {
    return lease === null ? this.#socket.write(bytes) : this.#socket.write(bytes, lease.release)
  }

  #connectPooled(): Socket {
    const { address, pool } = this.#options
    const onread = pooledReads(pool, (bytes, length, lease) => this.#deliver(bytes, length, lease))
    return connectTcp({ ...address, onread })
  }

  #connectTls(tls: ConnectionOptions): Socket {
    const socket = connectTls({ ...tls, ...this.#options.address })
    socket.on('data', (chunk: Buffer) => this.#deliver(chunk, chunk.length, null))
    return socket
  }

  #deliver(chunk: Buffer, length: number, lease: ReadBuffer | null): void {
    if (this.#isClosed) return
    try {
      let at = 0
      while (at < length)
        at = this.#current === null ? this.#begin(chunk, at, length, lease) : this.#continue(chunk, at, length, lease)
    } catch (cause) {
      this.#endUnexpectedly(cause)
      return
    }
    this.#afterDelivery()
  }

  /** At a frame's first bytes: reads the head, and finds whose answer it is. Returns where to go on. */
  #begin(chunk: Buffer, at: number, length: number, lease: ReadBuffer | null): number {
    if (this.#headBytes === 0 && length - at >= HEAD_BYTES) {
      this.#start(chunk.readInt32BE(at), chunk.readInt32BE(at + 4))
      return this.#takeWholeAtOnce(chunk, at, length, lease)
    }
    const take = Math.min(HEAD_BYTES - this.#headBytes, length - at)
    chunk.copy(this.#head, this.#headBytes, at, at + take)
    this.#headBytes += take
    if (this.#headBytes < HEAD_BYTES) return at + take
    this.#headBytes = 0
    this.#start(this.#head.readInt32BE(0), this.#head.readInt32BE(4))
    this.#continue(Buffer.from(this.#head), 0, HEAD_BYTES, null)
    return at + take
  }

  #start(sizeBytes: number, correlationId: number): void {
    const pending = this.#pending.shift()
    if (pending === undefined) throw new UpstreamProtocolError({ message: 'upstream: an answer that nobody asked for' })
    if (pending.correlationId !== correlationId)
      throw new UpstreamProtocolError({ message: 'upstream: the correlation id is not the next one' })
    if (sizeBytes < 4 || sizeBytes > this.#options.maxFrameBytes) {
      throw new UpstreamProtocolError({
        message: 'upstream: the frame length is out of range',
        details: { bytes: sizeBytes },
      })
    }
    this.#current = pending
    this.#leftBytes = sizeBytes + 4
    const mode = pending.mode()
    this.#isDiscarding = mode === 'discard'
    this.#whole = null
    if (mode === 'whole') this.#whole = EMPTY
  }

  /** The common case of a whole frame inside one chunk needs no copy. */
  #takeWholeAtOnce(chunk: Buffer, at: number, length: number, lease: ReadBuffer | null): number {
    const end = at + this.#leftBytes
    const pending = this.#current
    if (this.#whole === null || pending === null || end > length) return at
    this.#current = null
    this.#finishWhole(pending, chunk, at, end, lease)
    return end
  }

  #finishWhole(pending: PendingAnswer, chunk: Buffer, start: number, end: number, lease: ReadBuffer | null): void {
    const outcome = pending.whole(chunk.subarray(start, end))
    if (outcome instanceof Promise) this.#finishLater(pending, outcome, chunk, start, end, lease)
    else this.#handOn(pending, outcome, chunk, start, end, lease)
  }

  #finishLater(
    pending: PendingAnswer,
    outcome: Promise<WholeOutcome>,
    chunk: Buffer,
    start: number,
    end: number,
    lease: ReadBuffer | null,
  ): void {
    lease?.retain()
    // Nothing more is read meanwhile: what waits behind a long answer stays bounded.
    this.#reading.hold()
    const finish = (settled: WholeOutcome): void => {
      if (!this.#isClosed) this.#handOn(pending, settled, chunk, start, end, lease)
    }
    void outcome
      .then(finish)
      .then(
        () => this.#afterDelivery(),
        (cause) => this.#endUnexpectedly(cause),
      )
      .finally(() => {
        lease?.release()
        this.#reading.letGo()
      })
  }

  #handOn(
    pending: PendingAnswer,
    outcome: WholeOutcome,
    chunk: Buffer,
    start: number,
    end: number,
    lease: ReadBuffer | null,
  ): void {
    if (outcome === undefined) return
    if (outcome === null) pending.pass(chunk, start, end, true, lease)
    else if (Buffer.isBuffer(outcome)) pending.replace(outcome)
    else {
      pending.pass(outcome.bytes, 0, outcome.bytes.length, true, outcome.lease)
      this.#delivered.push(outcome.lease)
    }
  }

  /** INVARIANT: what was handed on is taken, and its memory held by whoever writes it, before it is let go of here. */
  #afterDelivery(): void {
    this.#options.onDelivered()
    for (const lease of this.#delivered.splice(0)) lease.release()
  }

  #continue(chunk: Buffer, at: number, length: number, lease: ReadBuffer | null): number {
    const pending = this.#current
    if (pending === null) return at
    const take = Math.min(this.#leftBytes, length - at)
    const isLast = take === this.#leftBytes
    if (isLast) this.#current = null
    if (this.#whole !== null) this.#collect(pending, chunk, at, take, isLast)
    else if (!this.#isDiscarding) pending.pass(chunk, at, at + take, isLast, lease)
    this.#leftBytes -= take
    return at + take
  }

  #collect(pending: PendingAnswer, chunk: Buffer, at: number, take: number, isLast: boolean): void {
    if (this.#whole === null || this.#whole === EMPTY) {
      this.#wholeLease = this.#options.pool.takeLarge(this.#leftBytes)
      this.#whole = this.#wholeLease.bytes.subarray(0, this.#leftBytes)
    }
    const [whole, lease] = [this.#whole, this.#wholeLease]
    chunk.copy(whole, whole.length - this.#leftBytes, at, at + take)
    if (!isLast) return
    this.#whole = null
    this.#wholeLease = null
    this.#finishWhole(pending, whole, 0, whole.length, lease)
    if (lease !== null) this.#delivered.push(lease)
  }

  #endUnexpectedly(cause: unknown): void {
    this.#end(cause instanceof Error ? cause : new UpstreamProtocolError({ message: 'upstream: unexpected failure' }))
  }

  /** Ends the connection for a reason; `onClosed` is called with it. */
  abort(cause: Error): void {
    this.#end(cause)
  }

  #fail(what: string): void {
    this.#end(this.#unreachable(what))
  }

  #unreachable(what: string): UpstreamUnreachableError {
    const { host, port } = this.#options.address
    return new UpstreamUnreachableError({ message: `upstream: ${what}`, retryable: true, details: { host, port } })
  }

  #end(cause: Error): void {
    if (this.#isClosed) return
    this.close()
    this.#current?.lost(cause)
    for (const pending of [...this.#pending, ...this.#queuedPending]) pending.lost(cause)
    for (const act of this.#atFrameEnd.splice(0)) act()
    this.#options.onClosed(cause)
  }
}

const EMPTY = Buffer.alloc(0)

/** How many bytes of the last frame are missing after `bytes`, of which the first `openBytes` belong to an earlier one. */
function bytesMissing(bytes: Buffer, openBytes: number): number {
  let frameEnd = openBytes
  while (frameEnd < bytes.length) frameEnd += PREFIX_BYTES + bytes.readInt32BE(frameEnd)
  return frameEnd - bytes.length
}

function errorWord(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'connection failed'
}
