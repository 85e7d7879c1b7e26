import type { OutboundFetch } from '@headgate/gateway'
import { GatewayAnswerError } from '../errors.ts'
import type { GatewayAddress } from '../gateway-address.ts'
import { type JsonObject, jsonObject, parseJson, textMember } from '../json-value.ts'
import type { LoginTarget } from './saved-sign-ins.ts'

/** A way to sign in that the gateway names. */
export interface OfferedLogin extends LoginTarget {
  /** What policies call the issuer. */
  readonly name: string
}

/** What a gateway says of itself to anybody. */
export interface GatewayMetadata {
  readonly cluster: string
  readonly logins: readonly OfferedLogin[]
  /** `host:port` of the Kafka listener. */
  readonly kafkaBootstrap: readonly string[]
  readonly isKafkaTls: boolean
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

function loginOf(value: unknown): OfferedLogin[] {
  const object: JsonObject | undefined = jsonObject(value)
  const [name, issuer] = [textMember(object, 'name'), textMember(object, 'issuer')]
  const clientId = textMember(object, 'client_id')
  if (name === undefined || issuer === undefined || clientId === undefined || !URL.canParse(issuer)) return []
  return [{ name, issuer, clientId, scopes: texts(object?.['scopes']), resource: textMember(object, 'resource') }]
}

/**
 * Reads the gateway's metadata document (RFC 8414).
 *
 * @throws {GatewayAnswerError} `ERR_CLI_GATEWAY_ANSWER` when it is none, or that of another gateway
 */
export async function fetchGatewayMetadata(gateway: GatewayAddress, fetch: OutboundFetch): Promise<GatewayMetadata> {
  const { origin } = gateway
  const { host } = new URL(origin)
  const response = await fetch(`${origin}/.well-known/oauth-authorization-server`)
  const document = response.status === 200 ? jsonObject(parseJson(await response.text())) : undefined
  const cluster = textMember(document, 'headgate_cluster')
  if (cluster === undefined) throw new GatewayAnswerError(host, `no metadata document (HTTP ${response.status})`)
  const issuer = textMember(document, 'issuer') ?? ''
  if (issuer !== origin) throw new GatewayAnswerError(host, 'it calls itself by another address, so use that one')
  const logins = document?.['headgate_logins']
  return {
    cluster,
    logins: Array.isArray(logins) ? logins.flatMap(loginOf) : [],
    kafkaBootstrap: texts(document?.['headgate_kafka_bootstrap']),
    isKafkaTls: document?.['headgate_kafka_tls'] !== false,
  }
}
