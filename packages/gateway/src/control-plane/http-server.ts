import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock, LogPort } from '@headgate/core'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { limitPerAddress } from '../address-limit.ts'
import type { HttpConfig } from '../config/gateway-config.ts'
import { HttpListenError } from '../errors.ts'
import type { ServerCertificate } from '../server-certificate.ts'

const MAX_HEADER_BYTES = 65_536
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 20_000
const KEEP_ALIVE_TIMEOUT_MS = 30_000
// Most of them wait for a change of their bundle.
const MAX_CONNECTIONS = 16_384
const MAX_REQUESTS_PER_SOCKET = 10_000

/** An HTTP server that can be started and closed once. */
export interface HttpServer {
  /** Binds the port; throws {@link HttpListenError}. Gives the port that was bound. */
  listen(): Promise<number>
  /** Takes no more connections, lets requests finish for the grace time, then ends what is left. */
  close(graceMs: number): Promise<void>
}

function createNodeServer({ certificate, app, maxPerAddress, log }: HttpServerOptions): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
  }
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const createSecure = (of: ServerCertificate): Server => {
    const secure = createTlsServer({ ...options, ...of.options, handshakeTimeout: HEADERS_TIMEOUT_MS }, listener)
    of.attach(secure)
    return secure
  }
  const server = certificate === undefined ? createServer(options, listener) : createSecure(certificate)
  server.maxConnections = MAX_CONNECTIONS
  limitPerAddress(server, maxPerAddress, (clientAddress) => {
    const fields = { event: 'connection-refused', listener: 'http', clientAddress, count: maxPerAddress }
    log.warn(fields, 'a connection is over the limit')
  })
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET
  return server
}

function listen(server: Server, { host, port }: HttpConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(new HttpListenError(host, port, cause)))
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port))
  })
}

function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(graceMs, () => server.closeAllConnections())
    server.close(() => {
      timer.cancel()
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** What an HTTP server is made from. */
export interface HttpServerOptions {
  readonly config: HttpConfig
  /** Absent for one without TLS. */
  readonly certificate: ServerCertificate | undefined
  readonly app: Hono
  readonly clock: Clock
  readonly log: LogPort
  /** How many connections one address may have at once. */
  readonly maxPerAddress: number
}

/** Creates the server of the application. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { config, clock } = options
  const server = createNodeServer(options)
  return { listen: () => listen(server, config), close: (graceMs) => close(server, clock, graceMs) }
}
