import type { ISocketFactory } from '#kafkajs'
import { HeadgateAddressRefusedError } from '../errors.ts'
import type { CertificatePems } from '../http/pem.ts'
import { createSocketFactory } from '../kafkajs/internals.cjs'
import type { KafkaEndpoint } from '../session/gateway-metadata.ts'

/** Where connections may go, once that is known. */
export interface ConnectionTarget {
  readonly kafka: KafkaEndpoint
  /** The certificates to trust, in PEM; the platform's when absent. */
  readonly ca: string | undefined
  /** This service's own certificate, to which its tokens may be bound. */
  readonly certificate?: CertificatePems | undefined
}

const IP_ADDRESS = /^[\d.]+$|:/

function assertGatewayAddress(host: string, port: number, target: ConnectionTarget | undefined): ConnectionTarget {
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536
  if (target?.kafka.hosts.has(host.toLowerCase()) && isPort) return target
  throw new HeadgateAddressRefusedError({
    message: `no connection to \`${host}:${port}\`: it is not an address of the gateway's Kafka listener`,
    details: { host, port },
  })
}

/**
 * Creates the socket factory of every connection: kafkajs passes it each address that it wants, seeds and advertised
 * brokers alike, and only hosts of the gateway's listener are connected to.
 *
 * TLS checks the certificate and the name whatever the environment says.
 */
export function createGatewaySocketFactory(target: () => ConnectionTarget | undefined): ISocketFactory {
  const open = createSocketFactory()
  return ({ host, port, onConnect }) => {
    const { kafka, ca, certificate } = assertGatewayAddress(host, port, target())
    if (!kafka.isTls) return open({ host, port, ssl: undefined, onConnect })
    const ssl = {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(certificate && { cert: certificate.cert, key: certificate.key.reveal() }),
      ...(!IP_ADDRESS.test(host) && { servername: host }),
    }
    return open({ host, port, ssl, onConnect })
  }
}
