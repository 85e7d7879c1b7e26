import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'

/** Bounds of what is fetched from an issuer. */
export interface OutboundFetchOptions {
  readonly isPlaintextAllowed: boolean
  /** PEM of the accepted authorities; the system's when absent. */
  readonly caPem: string | undefined
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** What is sent. */
interface OutboundRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Fetches a URL; the answer is wholly read. */
export type OutboundFetch = (url: string, request?: OutboundRequest) => Promise<Response>

// A null body is demanded by the Response constructor for these.
const EMPTY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304])

async function readAnswer(incoming: IncomingMessage, maxBytes: number): Promise<Response> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new RangeError(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const { statusCode: status = 0, headersDistinct } = incoming
  const headers = Object.entries(headersDistinct).map(([name, values]): [string, string] => [
    name,
    values?.join(', ') ?? '',
  ])
  return new Response(EMPTY_STATUSES.has(status) ? null : Buffer.concat(chunks), { status, headers })
}

function send(url: URL, outbound: OutboundRequest, options: OutboundFetchOptions): Promise<Response> {
  const { method = 'GET', headers = {}, body = '' } = outbound
  const { caPem, maxBytes, timeoutMs } = options
  const settings = { method, headers, agent: false as const, signal: AbortSignal.timeout(timeoutMs) }
  // The authority and the name are verified whatever the process's environment says of TLS.
  const secure = { ...settings, rejectUnauthorized: true, ...(caPem === undefined ? {} : { ca: caPem }) }
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestTls(url, secure) : requestPlain(url, settings)
    request.once('response', (incoming) => readAnswer(incoming, maxBytes).then(resolve, reject))
    request.once('error', reject)
    request.end(body)
  })
}

/**
 * Creates a fetch that follows no redirect, speaks https unless plaintext is allowed, and gives up after a time or a
 * number of bytes.
 */
export function createOutboundFetch(options: OutboundFetchOptions): OutboundFetch {
  return async (text, request = {}) => {
    const url = new URL(text)
    const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && options.isPlaintextAllowed)
    if (!isAllowed) throw new TypeError('the address is not an https one')
    return send(url, request, options)
  }
}
