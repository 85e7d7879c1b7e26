import type { Clock } from '@headgate/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { ConnectionTarget } from '../connection/socket-factory.ts'
import { createHttpClient, type HttpClient, KeptConnections } from '../http/http-client.ts'
import { type CertificatePems, readPem } from '../http/pem.ts'
import { askEarly } from '../identity/ask-early.ts'
import type { IdentitySource } from '../identity/identity-source.ts'
import { fetchGatewayMetadata, type GatewayMetadata } from './gateway-metadata.ts'
import { GatewayTokens } from './gateway-tokens.ts'
import { OwnCertificate } from './own-certificate.ts'

/** What a session knows of its gateway and holds towards it. */
export interface GatewayLink {
  readonly options: ResolvedOptions
  readonly identity: IdentitySource
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
  const { gateway, insecure } = options
  const ca = options.ca === undefined ? undefined : await readPem('the gateway', options.ca)
  const own = new OwnCertificate(options.clientCertificate, clock)
  await own.read()
  const certificate = (): CertificatePems | undefined => own.latest
  // What a client asks for at its start goes over one connection, and so does what then waits for another policy.
  const kept = new KeptConnections()
  const http = createHttpClient({ ca, certificate, kept })
  const context = { clock, insecure }
  // The provider is asked meanwhile.
  const identity = askEarly(options.identity, context)
  const metadata = await fetchGatewayMetadata(http, gateway, insecure)
  const tokens = new GatewayTokens({ http, tokenEndpoint: metadata.tokenEndpoint, identity, context, certificate: own })
  const waiting = createHttpClient({ ca, certificate, kept, isBackground: true })
  const target = {
    kafka: metadata.kafka,
    ca,
    get certificate(): CertificatePems | undefined {
      return own.bound
    },
  }
  return { options, identity, http, waiting, metadata, tokens, target }
}
