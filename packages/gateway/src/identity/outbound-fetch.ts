import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isLoopbackHost } from '../config/url-value.ts'
import { kindOfAddress } from './address-kind.ts'
import type { Reach } from './issuer-reach.ts'

/** Bounds of what is fetched from an issuer. */
export interface OutboundFetchOptions extends Reach {
  readonly timeoutMs: number
  readonly maxBytes: number
  /** Finds the addresses of a host; the system's resolver unless given. */
  readonly resolve?: AddressResolver
  /** Hears of each host that is not asked, and why, whatever becomes of it elsewhere. */
  readonly onRefused?: (host: string, reason: string) => void
}

/** Finds every address of a host. */
export type AddressResolver = (
  hostname: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>

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

const resolveBySystem: AddressResolver = (hostname) =>
  new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)))
  })

function refuse(host: string, reason: string, { onRefused }: OutboundFetchOptions): never {
  onRefused?.(host, reason)
  throw new TypeError(reason)
}

/** Refuses an address that the host must not have. This machine is reached by a host that says so, and no name leads here. */
function assertReachable(address: string, hostname: string, options: OutboundFetchOptions): void {
  const kind = kindOfAddress(address)
  if (kind === 'public') return
  if (kind === 'never') refuse(hostname, 'the host has an address that no service is asked at', options)
  if (options.isPrivateNetworkAllowed || (kind === 'loopback' && isLoopbackHost(hostname))) return
  refuse(hostname, 'the host has an address of a private network, which `privateNetwork: true` allows', options)
}

/**
 * The look-up that a connection is made by: what was judged is what is connected to, so that a second answer of the name
 * service makes no difference.
 */
function judgedLookup(hostname: string, options: OutboundFetchOptions): LookupFunction {
  const resolve = options.resolve ?? resolveBySystem
  return (_host, lookupOptions, done) => {
    resolve(hostname)
      .then((addresses) => {
        for (const { address } of addresses) assertReachable(address, hostname, options)
        const [first] = addresses
        if (first === undefined) throw new TypeError('the host has no address')
        if (lookupOptions.all) done(null, [...addresses])
        else done(null, first.address, first.family)
      })
      .catch((error: Error) => done(error, ''))
  }
}

function send(url: URL, outbound: OutboundRequest, options: OutboundFetchOptions): Promise<Response> {
  const { method = 'GET', headers = {}, body = '' } = outbound
  const { caPem, maxBytes, timeoutMs } = options
  const lookup = judgedLookup(url.hostname, options)
  const settings = { method, headers, lookup, agent: false as const, signal: AbortSignal.timeout(timeoutMs) }
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
 * Creates a fetch that asks only the hosts it is for, at addresses they may have, follows no redirect, speaks https unless
 * plaintext is allowed, and gives up after a time or a number of bytes.
 */
export function createOutboundFetch(options: OutboundFetchOptions): OutboundFetch {
  return async (text, request = {}) => {
    const url = new URL(text)
    const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && options.isPlaintextAllowed)
    if (!isAllowed) refuse(url.hostname, 'the address is not an https one', options)
    if (options.hosts?.has(url.hostname) === false)
      refuse(url.hostname, 'the host is none that the issuer may be asked at: see `hosts`', options)
    // No name is looked up for a number.
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0) assertReachable(literal, url.hostname, options)
    return send(url, request, options)
  }
}
