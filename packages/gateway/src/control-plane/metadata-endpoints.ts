import type { Hono } from 'hono'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { IssuerConfig } from '../config/issuer-config.ts'
import type { PublicSigningJwk } from '../config/signing-key.ts'
import type { KeyRings } from '../identity/key-ring.ts'
import { TOKEN_EXCHANGE_GRANT } from './token-request.ts'

const CACHED = { 'Cache-Control': 'public, max-age=300' }
const KEY_SET = { ...CACHED, 'Content-Type': 'application/jwk-set+json' }

function keySet(keys: readonly PublicSigningJwk[]): string {
  return JSON.stringify({ keys })
}

/** Where a person may sign in, by which public client: nothing of it is secret. */
function loginOf({ name, issuer, login }: IssuerConfig): object[] {
  if (login === undefined) return []
  const { clientId, scopes, resource } = login
  return [{ name, issuer, client_id: clientId, scopes, ...(resource === undefined ? {} : { resource }) }]
}

/**
 * RFC 8414 section 2, and what a Headgate client needs beside it: where the bundle and its keys are, which cluster this
 * is, where its Kafka listener is, and where people sign in.
 */
function serverMetadata({ http: { publicUrl, tls }, listener, cluster, issuers }: GatewayConfig): object {
  return {
    issuer: publicUrl,
    token_endpoint: `${publicUrl}/token`,
    jwks_uri: `${publicUrl}/jwks.json`,
    grant_types_supported: [TOKEN_EXCHANGE_GRANT],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint: `${publicUrl}/revoke`,
    revocation_endpoint_auth_methods_supported: ['Bearer'],
    response_types_supported: [],
    tls_client_certificate_bound_access_tokens: tls?.clientCaPem !== undefined,
    headgate_cluster: cluster.name,
    headgate_bundle_endpoint: `${publicUrl}/v1/bundle`,
    headgate_bundle_keys_uri: `${publicUrl}/.well-known/headgate-bundle-keys`,
    headgate_kafka_bootstrap: [`${listener.advertisedHost}:${listener.port}`],
    headgate_kafka_tls: listener.tls !== undefined,
    headgate_logins: issuers.flatMap(loginOf),
  }
}

/** RFC 9728 section 2: how the endpoints below `/v1` are reached. */
function resourceMetadata({ http: { publicUrl, tls } }: GatewayConfig): object {
  return {
    resource: publicUrl,
    authorization_servers: [publicUrl],
    jwks_uri: `${publicUrl}/jwks.json`,
    bearer_methods_supported: ['header'],
    tls_client_certificate_bound_access_tokens: tls?.clientCaPem !== undefined,
  }
}

/**
 * Adds what anybody may read: the server's metadata (RFC 8414), the keys of its tokens, and the keys of its bundles.
 *
 * A client trusts a bundle key by its configured thumbprint, never because it is served here.
 */
export function addMetadataEndpoints(app: Hono, config: GatewayConfig, { tokens, bundles }: KeyRings): void {
  const metadata = serverMetadata(config)
  app.get('/.well-known/oauth-authorization-server', (c) => c.json(metadata, 200, CACHED))
  const resource = resourceMetadata(config)
  app.get('/.well-known/oauth-protected-resource', (c) => c.json(resource, 200, CACHED))
  app.get('/jwks.json', (c) => c.body(keySet(tokens.published), 200, KEY_SET))
  app.get('/.well-known/headgate-bundle-keys', (c) => c.body(keySet(bundles.published), 200, KEY_SET))
}
