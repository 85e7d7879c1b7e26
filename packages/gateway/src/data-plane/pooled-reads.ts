import { type OnReadOpts, Socket } from 'node:net'
import { FIRST_READ_BYTES, nextReadBytes, type ReadBuffer, type ReadBufferPool } from './read-buffers.ts'

/**
 * Takes bytes that were read: the first `length` bytes of `bytes`.
 *
 * With a lease they are valid during the call only, unless the lease is retained; without, they are the receiver's.
 */
export type ReadTaker = (bytes: Buffer, length: number, lease: ReadBuffer | null) => void

/** Makes a socket read into pooled buffers, whose size follows what arrives. */
export function pooledReads(pool: ReadBufferPool, take: ReadTaker): OnReadOpts {
  let size = FIRST_READ_BYTES
  let reading = pool.take(size)
  let isFirst = true
  return {
    buffer: () => {
      if (!isFirst) reading = pool.take(size)
      isFirst = false
      return reading.bytes
    },
    callback: (length) => {
      const read = reading
      size = nextReadBytes(read.bytes.length, length)
      take(read.bytes, length, read)
      read.release()
      return true
    },
  }
}

/** The parts of an accepted socket that Node.js does not document. */
interface AcceptedSocket {
  _handle?: { useUserBuffer?: unknown } | null
}

/**
 * Makes an accepted socket read into pooled buffers, and gives the socket to use from then on.
 *
 * Node.js offers pooled reads to sockets that one connects oneself only; an accepted one is taken over by its handle,
 * which is not documented. Where the handle is not what it was (another Node.js, a TLS socket), the socket reads by
 * `data` events, which costs an allocation a read. The server must have been created with `pauseOnConnect`.
 */
export function readAccepted(socket: Socket, pool: ReadBufferPool, take: ReadTaker): Socket {
  const accepted = socket as AcceptedSocket
  const handle = accepted._handle
  if (socket.constructor !== Socket || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (chunk: Buffer) => take(chunk, chunk.length, null))
    return socket
  }
  const pooled = new Socket({ handle, onread: pooledReads(pool, take) } as ConstructorParameters<typeof Socket>[0])
  accepted._handle = null
  socket.destroy()
  return pooled
}
