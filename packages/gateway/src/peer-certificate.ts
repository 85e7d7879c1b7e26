import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket, type TlsOptions } from 'node:tls'
import type { ServerTls } from './config/gateway-config.ts'

/**
 * The SHA-256 of the certificate that the other side of a connection has proved to hold, as RFC 8705 writes it (`x5t#S256`);
 * nothing where it showed none, or one that no configured authority answers for.
 */
export function peerThumbprint(socket: Socket | undefined): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  return certificate === undefined ? undefined : createHash('sha256').update(certificate.raw).digest('base64url')
}

/** Asks clients for a certificate where authorities for it are configured. Without one they are let in: tokens say who must. */
export function askForCertificate({ clientCaPem }: ServerTls): TlsOptions {
  return clientCaPem === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ca: clientCaPem }
}
