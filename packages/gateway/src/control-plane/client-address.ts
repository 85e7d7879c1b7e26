import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'

/** Gives the address of the socket that a request came by; forwarding headers are never believed. */
export function clientAddressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  return incoming?.socket.remoteAddress ?? 'unknown'
}
