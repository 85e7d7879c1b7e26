import type { Server, Socket } from 'node:net'

/** Told of an address that is at its limit: once, until it has room again. */
export type FullAddressListener = (clientAddress: string) => void

/**
 * Bounds the connections that one address may have open at a server, handshakes that are not done included: one that opens all it can
 * leaves room for the others. What is over the limit is ended at once, before it costs anything.
 */
export function limitPerAddress(server: Server, limit: number, onFull: FullAddressListener): void {
  const countByAddress = new Map<string, number>()
  const told = new Set<string>()
  // INVARIANT: what is over the limit never gets to TLS, which would begin a handshake, and tell of each as one that failed.
  const takers = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? 'unknown'
    const count = countByAddress.get(address) ?? 0
    if (count >= limit) {
      socket.destroy()
      if (told.has(address)) return
      told.add(address)
      onFull(address)
      return
    }
    countByAddress.set(address, count + 1)
    socket.once('close', () => {
      told.delete(address)
      const left = (countByAddress.get(address) ?? 1) - 1
      if (left === 0) countByAddress.delete(address)
      else countByAddress.set(address, left)
    })
    for (const take of takers) take.call(server, socket)
  })
}
