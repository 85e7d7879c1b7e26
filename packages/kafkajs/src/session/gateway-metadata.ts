import { HeadgateGatewayAnswerError } from '../errors.ts'
import { assertSecure } from '../http/address.ts'
import { ask } from '../http/failure.ts'
import type { HttpClient } from '../http/http-client.ts'
import { type JsonObject, parseJsonObject, textMember } from '../http/json.ts'

/** Where the gateway's Kafka listener is, and which cluster stands behind it. */
export interface KafkaEndpoint {
  readonly cluster: string
  /** Addresses of the form `host:port`. */
  readonly bootstrap: readonly string[]
  /** Lower-case host names of the listener; every broker of the cluster appears under one of them. */
  readonly hosts: ReadonlySet<string>
  readonly isTls: boolean
}

/** What a gateway says of itself (RFC 8414 and Headgate's extension members). */
export interface GatewayMetadata {
  readonly issuer: string
  readonly tokenEndpoint: URL
  readonly bundleEndpoint: URL
  readonly bundleKeysUri: URL
  readonly kafka: KafkaEndpoint
}

const ADDRESS = /^([A-Za-z0-9._-]+):(\d{1,5})$/

function reject(gateway: URL, what: string): never {
  throw new HeadgateGatewayAnswerError({
    message: `\`${gateway.origin}\` does not answer as a Headgate gateway: ${what}: check headgate.gateway or HEADGATE_GATEWAY`,
    details: { host: gateway.host },
  })
}

// INVARIANT: tokens go to the configured origin only, whatever the document names.
function readEndpoint(document: JsonObject, name: string, gateway: URL): URL {
  const text = textMember(document, name)
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== gateway.origin)
    reject(gateway, `its metadata names no \`${name}\` of its own`)
  return url
}

function readKafka(document: JsonObject, gateway: URL, insecure: boolean): KafkaEndpoint {
  const listed = document['headgate_kafka_bootstrap']
  const bootstrap = Array.isArray(listed) ? listed.filter((item): item is string => typeof item === 'string') : []
  const hosts = bootstrap.map((address) => ADDRESS.exec(address)?.[1]?.toLowerCase())
  const cluster = textMember(document, 'headgate_cluster')
  if (cluster === undefined || hosts.length === 0 || hosts.includes(undefined)) {
    reject(gateway, 'its metadata names no cluster or no Kafka address')
  }
  const isTls = document['headgate_kafka_tls'] !== false
  const known = new Set(hosts.filter((host) => host !== undefined))
  for (const host of known) assertSecure("the gateway's Kafka listener", isTls, host, insecure)
  return Object.freeze({ cluster, bootstrap: Object.freeze(bootstrap), hosts: known, isTls })
}

/**
 * Reads the gateway's metadata document.
 *
 * @throws HeadgateGatewayAnswerError `ERR_KAFKAJS_GATEWAY_ANSWER` when it is none, or that of another gateway
 * @throws HeadgateInsecureAddressError `ERR_KAFKAJS_INSECURE_ADDRESS` when its Kafka listener has no TLS
 */
export async function fetchGatewayMetadata(
  http: HttpClient,
  gateway: URL,
  insecure: boolean,
): Promise<GatewayMetadata> {
  // RFC 8414 §3.1: the well-known part comes between the host and the path.
  const path = gateway.pathname.replace(/\/$/, '')
  const url = new URL(`/.well-known/oauth-authorization-server${path}`, gateway)
  const response = await ask(http, 'gateway', { method: 'GET', url, headers: { accept: 'application/json' } })
  const document = response.status === 200 ? parseJsonObject(response.body) : undefined
  if (document === undefined) reject(gateway, `no metadata document (HTTP ${response.status})`)
  const issuer = textMember(document, 'issuer')
  if (issuer === undefined || issuer.replace(/\/$/, '') !== `${gateway.origin}${path}`) {
    reject(gateway, 'it calls itself by another address, so use that one')
  }
  return Object.freeze({
    issuer,
    tokenEndpoint: readEndpoint(document, 'token_endpoint', gateway),
    bundleEndpoint: readEndpoint(document, 'headgate_bundle_endpoint', gateway),
    bundleKeysUri: readEndpoint(document, 'headgate_bundle_keys_uri', gateway),
    kafka: readKafka(document, gateway, insecure),
  })
}
