import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import type { SignInOrigin } from '../identity/sign-in.ts'
import { peerThumbprint } from '../peer-certificate.ts'

/** Gives the address of the socket that a request came by; forwarding headers are never believed. */
export function clientAddressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  return incoming?.socket.remoteAddress ?? 'unknown'
}

/** Where a request comes from, and the certificate that its connection has shown. */
export function originOf(c: Context): SignInOrigin {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  return { address: clientAddressOf(c), certificateThumbprint: peerThumbprint(incoming?.socket) }
}
