import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  type RequestOptions,
  request as requestPlain,
} from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'

import type { CertificatePems } from './pem.ts'

/** One exchange with a server. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The time the whole exchange may take; by default that of the client. */
  readonly timeoutMs?: number
  /** Gives the exchange up. */
  readonly signal?: AbortSignal
}

/** A complete answer. Redirects are answers like any other: they are never followed. */
export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A way to speak to servers over HTTPS. */
export interface HttpClient {
  /** @throws HttpFailure when there is no complete answer */
  request(request: HttpRequest): Promise<HttpResponse>
}

/** Why there was no complete answer. */
export class HttpFailure extends Error {
  readonly kind: 'unreachable' | 'untrusted' | 'too-large'
  /** The platform's code, such as `ECONNREFUSED`. */
  readonly reason: string
  /** There was a connection: the server is there, and may be busy. */
  readonly wasConnected: boolean

  constructor(kind: HttpFailure['kind'], reason: string, more: { cause?: unknown; wasConnected?: boolean } = {}) {
    super(`${kind}: ${reason}`, { cause: more.cause })
    this.name = 'HttpFailure'
    this.kind = kind
    this.reason = reason
    this.wasConnected = more.wasConnected ?? false
  }
}

/** How a client connects. */
export interface HttpClientOptions {
  /** The certificates to trust, in PEM; the platform's when absent. */
  readonly ca: string | undefined
  /** This service's own certificate as it is now, for servers that ask for one. */
  readonly certificate?: () => CertificatePems | undefined
  readonly timeoutMs?: number
  readonly maxBodyBytes?: number
  /** The connections that it keeps for the next request, for some seconds; without, it keeps none. */
  readonly kept?: KeptConnections
  /** Whether even a request that is under way keeps no process alive. */
  readonly isBackground?: boolean
}

const TIMEOUT_MS = 10_000
const MAX_BODY_BYTES = 4 * 1024 * 1024
const UNTRUSTED = /^(ERR_TLS_CERT|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA)/

/** Tells whether a platform's code says that a certificate is not trusted. */
export function isUntrusted(code: string): boolean {
  return UNTRUSTED.test(code)
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new HttpFailure('too-large', `more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

function failureOf(error: unknown, signal: AbortSignal, { wasConnected }: Progress): HttpFailure {
  if (error instanceof HttpFailure) return error
  if (signal.aborted) return new HttpFailure('unreachable', 'timeout', { wasConnected })
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
  return new HttpFailure(isUntrusted(code) ? 'untrusted' : 'unreachable', code, { cause: error, wasConnected })
}

/** How far a request has come. */
interface Progress {
  wasConnected: boolean
}

function send(
  request: HttpRequest,
  options: RequestOptions,
  progress: Progress,
  isBackground: boolean,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = request.url.protocol === 'https:' ? requestTls : requestPlain
    const sent = start(request.url, options, resolve).on('error', reject)
    sent.on('socket', (socket) => {
      // A kept one is connected already.
      progress.wasConnected = !socket.connecting
      if (socket.connecting)
        socket.once('connect', () => {
          progress.wasConnected = true
        })
      // An application that has ended does not wait for a server's answer that may never come.
      if (isBackground) socket.unref()
    })
    sent.end(request.body)
  })
}

// Well before a server closes it: one that both close at once would lose a request.
const KEPT = { keepAlive: true, maxSockets: 4, timeout: 5_000 } as const

/** Connections to servers that are kept for the next request. Clients that have one in common take each other's. */
export class KeptConnections {
  readonly #tls = new TlsAgent(KEPT)
  readonly #plain = new PlainAgent(KEPT)

  /** What opens and keeps the connections to a server. */
  agentFor({ protocol }: URL): TlsAgent | PlainAgent {
    return protocol === 'https:' ? this.#tls : this.#plain
  }
}

/**
 * Creates a client that checks certificates whatever the environment says, follows no redirect, and caps time and size.
 *
 * The time limit covers the whole exchange, so that a server that drips its answer is left as well.
 */
export function createHttpClient(client: HttpClientOptions): HttpClient {
  const tls = {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(client.ca !== undefined && { ca: client.ca }),
  } as const
  const own = (): { cert?: string; key?: string } => {
    const certificate = client.certificate?.()
    return certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key.reveal() }
  }
  return {
    async request(request) {
      const limit = AbortSignal.timeout(request.timeoutMs ?? client.timeoutMs ?? TIMEOUT_MS)
      const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal])
      const progress = { wasConnected: false }
      const headers = {
        'accept-encoding': 'identity',
        ...(request.body !== undefined && { 'content-length': `${Buffer.byteLength(request.body)}` }),
        ...request.headers,
      }
      try {
        const agent = client.kept?.agentFor(request.url) ?? false
        const options = { method: request.method, headers, signal, agent, ...tls, ...own() }
        const response = await send(request, options, progress, client.isBackground ?? false)
        const body = await readBody(response, client.maxBodyBytes ?? MAX_BODY_BYTES)
        return { status: response.statusCode ?? 0, headers: response.headers, body }
      } catch (error) {
        throw failureOf(error, signal, progress)
      }
    },
  }
}
