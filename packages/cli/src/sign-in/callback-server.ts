import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A browser that came back from the identity provider, and is waiting for a page. */
export interface Callback {
  readonly url: URL
  /** Shows the person how it ended. */
  answer(isSignedIn: boolean): void
}

/** Waits on loopback for the browser (RFC 8252 section 7.3). */
export interface CallbackServer {
  readonly redirectUri: string
  /** Resolves when the browser comes back; what is not the redirect is not heard. */
  readonly callback: Promise<Callback>
  close(): void
}

const HOST = '127.0.0.1'
const PATH = '/callback'
const MAX_URL_LENGTH = 16_384

function showPage(response: ServerResponse, isSignedIn: boolean): void {
  const words = isSignedIn ? 'You are signed in.' : 'You are not signed in: see the terminal.'
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    'referrer-policy': 'no-referrer',
    connection: 'close',
  }
  response.writeHead(isSignedIn ? 200 : 400, headers)
  response.end(`<!DOCTYPE html><meta charset="utf-8"><title>Headgate</title><p>${words} You can close this page.</p>`)
}

/** Starts to wait; port 0 takes any free one. */
export async function startCallbackServer(port: number): Promise<CallbackServer> {
  const server = createServer({ maxHeaderSize: MAX_URL_LENGTH * 2 })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: HOST, port }, resolve)
  })
  const origin = `http://${HOST}:${(server.address() as AddressInfo).port}`
  const callback = new Promise<Callback>((resolve) => {
    let isHeard = false
    server.on('request', (request, response) => {
      const url = URL.parse(request.url ?? '', origin)
      const isRedirect = request.method === 'GET' && url?.origin === origin && url.pathname === PATH
      if (url === null || !isRedirect || isHeard) return void response.writeHead(404, { connection: 'close' }).end()
      isHeard = true
      resolve({ url, answer: (isSignedIn) => showPage(response, isSignedIn) })
    })
  })
  return { redirectUri: `${origin}${PATH}`, callback, close: () => void server.close() }
}
