import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeyFile } from '@headgate/gateway'
import type { PrincipalKind } from '@headgate/policy'
import { stringify } from 'yaml'

/** How the gateway signs in to Kafka and checks who it is; absent members mean a listener without. */
export interface TestKafkaAccess {
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
  /** The path of a PEM file; present for brokers with TLS. */
  readonly caPath?: string
}

/** What the configuration of a test gateway is made from. */
export interface GatewayConfigParts {
  readonly bootstrap: readonly string[]
  readonly access: TestKafkaAccess
  /** Absolute. */
  readonly policyPath: string
  readonly issuer: {
    readonly name: string
    readonly url: string
    readonly audience: string
    readonly loginClientId: string
    /** What stands behind each of its principals. */
    readonly kind: PrincipalKind
    /** By the names that rules know, the claims of tokens. */
    readonly claims: Readonly<Record<string, string>>
  }
  /** The bootstrap port; that of HTTP is the next, and those of the brokers follow. */
  readonly firstPort: number
  readonly brokerIds: { readonly first: number; readonly last: number }
  /** Further sections of gateway.yaml, by their names. */
  readonly sections: Readonly<Record<string, unknown>>
}

/** A folder with what a gateway runs from. */
export interface GatewayFolder {
  readonly path: string
  /** The RFC 7638 thumbprint of the key that signs bundles. */
  readonly bundleKeyThumbprint: string
  /** Writes `gateway.yaml`, anew where there is one, and gives its path. */
  writeConfig(parts: GatewayConfigParts): string
  /** Writes a file that only its owner can read, and gives its path. */
  write(name: string, text: string): string
  remove(): void
}

const HOST = '127.0.0.1'
const SCOPES = ['openid', 'offline_access', 'kafka']
const WORDS = `Everything in this folder was made for one run of a development gateway, and is removed at its end.
The keys and secrets in it are for this machine alone: never give them to a gateway that others use.
`

/** Creates a folder of this user's own (0700) with new keys in it, each in a file that says what it is for. */
export function createGatewayFolder(): GatewayFolder {
  const path = mkdtempSync(join(tmpdir(), 'headgate-demo-'))
  const write = (name: string, text: string): string => {
    writeFileSync(join(path, name), text, { mode: 0o600 })
    return join(path, name)
  }
  write('README.txt', WORDS)
  createKeyFile('token', join(path, 'demo-token-key.jwk.json'))
  const { thumbprint } = createKeyFile('bundle', join(path, 'demo-bundle-key.jwk.json'))
  createKeyFile('audit', join(path, 'demo-audit-key.jwk.json'))
  const maskKey = { kty: 'oct', kid: 'demo', k: randomBytes(32).toString('base64url') }
  write('demo-mask-key.jwk.json', JSON.stringify(maskKey))
  return {
    path,
    bundleKeyThumbprint: thumbprint,
    write,
    writeConfig: (parts) => {
      if (parts.access.sasl !== undefined) write('kafka.password', parts.access.sasl.password)
      return write('gateway.yaml', stringify(configuration(parts), { aliasDuplicateObjects: false }))
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

function clusterSection({ bootstrap, access: { sasl, caPath } }: GatewayConfigParts): object {
  const credential = sasl && { ...sasl, password: { file: 'kafka.password' } }
  return {
    name: 'demo',
    bootstrap: [...bootstrap],
    ...(caPath === undefined ? { insecure: true } : { tls: { ca: caPath } }),
    ...(credential === undefined ? {} : { sasl: credential }),
  }
}

function configuration(parts: GatewayConfigParts): object {
  const { policyPath, issuer, firstPort, brokerIds, sections } = parts
  const httpPort = firstPort + 1
  return {
    cluster: clusterSection(parts),
    listener: {
      host: HOST,
      advertisedHost: 'localhost',
      port: firstPort,
      brokers: { firstPort: firstPort + 2, ids: `${brokerIds.first}-${brokerIds.last}` },
      insecure: true,
    },
    http: { host: HOST, port: httpPort, publicUrl: `http://localhost:${httpPort}`, insecure: true },
    issuers: [
      {
        name: issuer.name,
        issuer: issuer.url,
        audiences: [issuer.audience],
        algorithms: ['ES256'],
        groupsClaim: 'groups',
        kind: issuer.kind,
        ...(Object.keys(issuer.claims).length === 0 ? {} : { claims: issuer.claims }),
        clientCredentials: {},
        login: { clientId: issuer.loginClientId, scopes: SCOPES },
      },
    ],
    tokens: { signingKey: { file: 'demo-token-key.jwk.json' } },
    bundles: { currentKey: { file: 'demo-bundle-key.jwk.json' } },
    masking: { tokenKeys: [{ file: 'demo-mask-key.jwk.json' }] },
    policy: policyPath,
    policyReloadSeconds: 1,
    store: { path: 'state/gateway.db' },
    audit: { folder: 'audit', gateway: 'demo', checkpointKey: { file: 'demo-audit-key.jwk.json' }, retentionDays: 1 },
    ...sections,
  }
}
