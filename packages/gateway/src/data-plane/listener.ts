import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type FullAddressListener, limitPerAddress } from '../address-limit.ts'
import type { ServerCertificate } from '../server-certificate.ts'
import { ListenError } from './errors.ts'

const CLIENT_READ_BYTES = 256 * 1024

/** What a listener binds, and where its sockets go. */
export interface ListenerOptions {
  readonly host: string
  readonly port: number
  /** `null` where the configuration says `insecure: true`. */
  readonly certificate: ServerCertificate | null
  readonly maxConnections: number
  /** Bounds what one address may have open, handshakes that are not done included. */
  readonly maxConnectionsPerAddress: number
  readonly onSocket: (socket: Socket) => void
  readonly onFull: FullAddressListener
  /** A TLS handshake that failed; `code` names why. */
  readonly onHandshakeFailed: (code: string, clientAddress: string) => void
}

/** One bound port. */
export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/**
 * Binds a port.
 *
 * @throws {ListenError} `ERR_GATEWAY_LISTEN` when the port cannot be bound.
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const server = createServer(options)
  server.maxConnections = options.maxConnections
  const { host, port } = options
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const word = 'code' in cause ? String(cause.code) : 'unknown'
      reject(
        new ListenError({
          message: `listener: \`${host}:${port}\` cannot be bound: ${word}`,
          details: { host, port },
          cause,
        }),
      )
    })
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function createServer(listener: ListenerOptions): Server {
  const { certificate, onSocket, onFull, onHandshakeFailed, maxConnectionsPerAddress } = listener
  // Who is in plaintext has no handshake, and is counted across all ports once.
  if (certificate === null) return createTcpServer({ pauseOnConnect: true, noDelay: true }, onSocket)
  const options = {
    ...certificate.options,
    highWaterMark: CLIENT_READ_BYTES,
    handshakeTimeout: 10_000,
  }
  const server = createTlsServer(options, onSocket)
  certificate.attach(server)
  limitPerAddress(server, maxConnectionsPerAddress, onFull)
  server.on('tlsClientError', (error, socket) =>
    onHandshakeFailed('code' in error ? String(error.code) : 'unknown', socket.remoteAddress ?? 'unknown'),
  )
  return server
}
