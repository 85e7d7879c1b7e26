import { X509Certificate } from 'node:crypto'
import type { Server, TlsOptions } from 'node:tls'
import type { LogPort } from '@headgate/core'
import type { ServerTls } from './config/gateway-config.ts'
import { askForCertificate } from './peer-certificate.ts'

/** The certificate, key and authorities of a listener, which can be replaced while it serves. */
export class ServerCertificate {
  readonly #listener: string
  readonly #log: LogPort
  readonly #servers = new Set<Server>()
  #tls: ServerTls

  /** @param listener what the log calls it */
  constructor(listener: string, tls: ServerTls, log: LogPort) {
    this.#listener = listener
    this.#tls = tls
    this.#log = log
  }

  /** What a server is made with. */
  get options(): TlsOptions {
    return { ...contextOf(this.#tls), ...askForCertificate(this.#tls), minVersion: 'TLSv1.2' }
  }

  /** A server that was made with the options gets what comes later. */
  attach(server: Server): void {
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
  }

  /**
   * Puts another certificate in force for the handshakes that come; connections that are open go on. Whether clients are asked for
   * a certificate at all, and whether there is TLS, is settled when the gateway starts.
   */
  replace(tls: ServerTls | undefined): void {
    const isOtherKind = tls === undefined || (tls.clientCaPem === undefined) !== (this.#tls.clientCaPem === undefined)
    if (isOtherKind) {
      const fields = { event: 'restart-needed', listener: this.#listener, reason: 'tls' }
      this.#log.warn(fields, 'the config adds or takes away `tls` or `clientCa`: that waits for a restart')
      return
    }
    if (isSame(tls, this.#tls)) return
    this.#tls = tls
    for (const server of this.#servers) server.setSecureContext({ ...contextOf(tls), minVersion: 'TLSv1.2' })
    const { fingerprint256, validTo } = new X509Certificate(tls.certPem)
    const fields = { kid: fingerprint256.replaceAll(':', '').toLowerCase(), expiresAtUnixMs: Date.parse(validTo) }
    this.#log.info({ event: 'certificate', listener: this.#listener, ...fields }, 'certificate in force')
  }
}

function contextOf({ certPem, keyPem, clientCaPem }: ServerTls): TlsOptions {
  return { cert: certPem, key: keyPem.reveal(), ...(clientCaPem === undefined ? {} : { ca: clientCaPem }) }
}

function isSame(one: ServerTls, other: ServerTls): boolean {
  const parts = ({ certPem, keyPem, clientCaPem }: ServerTls): string =>
    JSON.stringify([certPem, keyPem.reveal(), clientCaPem])
  return parts(one) === parts(other)
}
