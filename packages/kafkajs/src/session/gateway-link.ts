import type { Clock } from '@headgate/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { ConnectionTarget } from '../connection/socket-factory.ts'
import { createHttpClient, type HttpClient } from '../http/http-client.ts'
import { type CertificatePems, readPem } from '../http/pem.ts'
import { fetchGatewayMetadata, type GatewayMetadata } from './gateway-metadata.ts'
import { GatewayTokens } from './gateway-tokens.ts'
import { OwnCertificate } from './own-certificate.ts'

/** What a session knows of its gateway and holds towards it. */
export interface GatewayLink {
  readonly options: ResolvedOptions
  readonly http: HttpClient
  /** For requests that wait at the gateway, one after the other. */
  readonly waiting: HttpClient
  readonly metadata: GatewayMetadata
  readonly tokens: GatewayTokens
  readonly target: ConnectionTarget
}

/**
 * Finds the gateway: reads the authority's certificate and the gateway's metadata.
 *
 * @throws what `readPem` and `fetchGatewayMetadata` throw
 */
export async function openGatewayLink(options: ResolvedOptions, clock: Clock): Promise<GatewayLink> {
  const { gateway, identity, insecure } = options
  const ca = options.ca === undefined ? undefined : await readPem('the gateway', options.ca)
  const own = new OwnCertificate(options.clientCertificate, clock)
  await own.read()
  const certificate = (): CertificatePems | undefined => own.latest
  // What a client asks for at its start goes over one connection.
  const http = createHttpClient({ ca, certificate, isKept: true })
  const metadata = await fetchGatewayMetadata(http, gateway, insecure)
  const context = { clock, insecure }
  const tokens = new GatewayTokens({ http, tokenEndpoint: metadata.tokenEndpoint, identity, context, certificate: own })
  const waiting = createHttpClient({ ca, certificate, isKept: true, isBackground: true })
  const target = {
    kafka: metadata.kafka,
    ca,
    get certificate(): CertificatePems | undefined {
      return own.bound
    },
  }
  return { options, http, waiting, metadata, tokens, target }
}
