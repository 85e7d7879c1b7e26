/** Bounds of what is fetched from an issuer. */
export interface OutboundFetchOptions {
  readonly isPlaintextAllowed: boolean
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Fetches a URL; the answer is wholly read. */
export type OutboundFetch = (url: string, init?: RequestInit) => Promise<Response>

async function readCapped(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new RangeError(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

// A null body is demanded by the Response constructor for these.
const EMPTY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Creates a fetch that follows no redirect, speaks https unless plaintext is allowed, and gives up after a time or a
 * number of bytes.
 */
export function createOutboundFetch(options: OutboundFetchOptions): OutboundFetch {
  return async (url, init = {}) => {
    const { protocol } = new URL(url)
    const isAllowed = protocol === 'https:' || (protocol === 'http:' && options.isPlaintextAllowed)
    if (!isAllowed) throw new TypeError('the address is not an https one')
    const signal = AbortSignal.timeout(options.timeoutMs)
    const response = await fetch(url, { ...init, redirect: 'error', signal })
    const body = await readCapped(response, options.maxBytes)
    const { status, headers } = response
    return new Response(EMPTY_STATUSES.has(status) ? null : new Uint8Array(body), { status, headers })
  }
}
