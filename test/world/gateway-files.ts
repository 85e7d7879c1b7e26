import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeyFile } from '@headgate/gateway'
import { stringify } from 'yaml'

/** What a gateway is configured with; everything else has the value that a test wants. */
export interface GatewayFilesOptions {
  readonly directory: string
  readonly clusterName: string
  readonly bootstrap: readonly string[]
  /** PEM file of the brokers' authority; absent for brokers without TLS. */
  readonly clusterCaPath?: string | undefined
  readonly credential: { readonly username: string; readonly password: string }
  readonly kafkaPort: number
  readonly firstBrokerPort: number
  readonly brokerIds: string
  readonly httpPort: number
  /** PEM files of the gateway's own certificate; absent for a gateway without TLS. */
  readonly tls?: { readonly certPath: string; readonly keyPath: string; readonly clientCaPath?: string } | undefined
  readonly issuer: {
    readonly name: string
    readonly url: string
    readonly audience: string
    /** The public client by which people sign in; without it they do not. */
    readonly loginClientId?: string
  }
  readonly tokenLifetimeSeconds?: number | undefined
  readonly limits?: Readonly<Record<string, number>> | undefined
  /** Further sections, by their names. */
  readonly sections?: Readonly<Record<string, unknown>> | undefined
  readonly configure?: ((config: GatewayYaml) => object) | undefined
  readonly policy: string
}

/** A gateway.yaml as it is put together, with the sections that tests change. */
export interface GatewayYaml extends Readonly<Record<string, unknown>> {
  readonly listener: object
  readonly issuers: readonly object[]
}

/** The files of a gateway, as an operator would have them. */
export interface GatewayFiles {
  readonly configPath: string
  readonly policyPath: string
  /** RFC 7638 thumbprint of the bundle key, which clients are given. */
  readonly bundleKeyThumbprint: string
  /** The folder of the audit trail. */
  readonly auditFolder: string
  /** A public JWK, by which the trail is verified. */
  readonly auditKeyPath: string
}

const HOST = '127.0.0.1'
const SCOPES = ['openid', 'offline_access', 'kafka']

/** Writes configuration, policy, keys and the broker credential of a gateway into a directory. */
export async function writeGatewayFiles(options: GatewayFilesOptions): Promise<GatewayFiles> {
  const { directory, policy, credential } = options
  const path = (name: string): string => join(directory, name)
  createKeyFile('token', path('token-key.jwk.json'))
  const bundleKey = createKeyFile('bundle', path('bundle-key.jwk.json'))
  const auditKey = createKeyFile('audit', path('audit-key.jwk.json'))
  await writeFile(path('audit-key.public.jwk.json'), JSON.stringify(auditKey.publicJwk))
  await writeFile(path('broker.password'), credential.password)
  await chmod(path('broker.password'), 0o600)
  await writeFile(path('policy.yaml'), policy)
  const { configure = (config: GatewayYaml) => config } = options
  await writeFile(path('gateway.yaml'), stringify(configure(configuration(options)), { aliasDuplicateObjects: false }))
  return {
    configPath: path('gateway.yaml'),
    policyPath: path('policy.yaml'),
    bundleKeyThumbprint: bundleKey.thumbprint,
    auditFolder: path('audit'),
    auditKeyPath: path('audit-key.public.jwk.json'),
  }
}

function configuration(options: GatewayFilesOptions): GatewayYaml {
  const { tls, issuer, tokenLifetimeSeconds, limits, sections, clusterCaPath } = options
  const security =
    tls === undefined
      ? { insecure: true }
      : { tls: { cert: tls.certPath, key: tls.keyPath, ...(tls.clientCaPath && { clientCa: tls.clientCaPath }) } }
  const scheme = tls === undefined ? 'http' : 'https'
  return {
    cluster: {
      name: options.clusterName,
      bootstrap: [...options.bootstrap],
      ...(clusterCaPath === undefined ? { insecure: true } : { tls: { ca: clusterCaPath } }),
      sasl: {
        mechanism: 'scram-sha-512',
        username: options.credential.username,
        password: { file: 'broker.password' },
      },
    },
    listener: {
      host: HOST,
      advertisedHost: 'localhost',
      port: options.kafkaPort,
      brokers: { firstPort: options.firstBrokerPort, ids: options.brokerIds },
      ...security,
    },
    http: { host: HOST, port: options.httpPort, publicUrl: `${scheme}://localhost:${options.httpPort}`, ...security },
    issuers: [
      {
        name: issuer.name,
        issuer: issuer.url,
        audiences: [issuer.audience],
        algorithms: ['ES256'],
        groupsClaim: 'groups',
        clientCredentials: {},
        ...(issuer.loginClientId === undefined ? {} : { login: { clientId: issuer.loginClientId, scopes: SCOPES } }),
      },
    ],
    tokens: {
      signingKey: { file: 'token-key.jwk.json' },
      ...(tokenLifetimeSeconds === undefined ? {} : { lifetimeSeconds: tokenLifetimeSeconds }),
    },
    bundles: { currentKey: { file: 'bundle-key.jwk.json' } },
    policy: 'policy.yaml',
    store: { path: 'state/gateway.db' },
    audit: {
      folder: 'audit',
      gateway: 'test-gateway',
      checkpointKey: { file: 'audit-key.jwk.json' },
      retentionDays: 30,
    },
    ...(limits === undefined ? {} : { limits }),
    ...sections,
  }
}
