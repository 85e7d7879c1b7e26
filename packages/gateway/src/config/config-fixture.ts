// Test fixture: a folder with a sound config and every file that it names.
import 'reflect-metadata'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { createKeyFile } from './key-file.ts'

/** A certificate for localhost and its key. */
export interface TestCertificate {
  readonly certPem: string
  readonly keyPem: string
}

/** Makes a self-signed certificate for localhost. */
export async function createTestCertificate(): Promise<TestCertificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=localhost',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`
  return { certPem: certificate.toString('pem'), keyPem }
}

const SOUND = `cluster:
  name: orders-prod
  bootstrap: [127.0.0.1:9092, "[::1]:9093"]
  tls: { ca: cert.pem, serverName: kafka.internal }
  sasl: { mechanism: scram-sha-512, username: gateway, password: { file: gateway.password } }
  credentials:
    - match: { issuer: corp, subject: ledger }
      sasl: { mechanism: plain, username: ledger, password: { env: LEDGER_PASSWORD } }
    - match: { issuer: corp, group: analytics }
      sasl: { mechanism: scram-sha-256, username: analytics, password: { env: LEDGER_PASSWORD } }
listener:
  host: 127.0.0.1
  advertisedHost: localhost
  port: 19092
  brokers: { firstPort: 19100, ids: 0-2 }
  tls: { cert: cert.pem, key: key.pem }
http:
  port: 18080
  publicUrl: https://localhost:18080
  tls: { cert: cert.pem, key: key.pem }
issuers:
  - name: corp
    issuer: https://idp.example
    audiences: [headgate]
    algorithms: [ES256]
    groupsClaim: groups
    clientCredentials: { scope: kafka }
tokens: { signingKey: { file: token-key.jwk.json } }
bundles: { currentKey: { file: bundle-key.jwk.json } }
policy: policy.yaml
`

/** A temporary folder with a sound `gateway.yaml`. */
export interface ConfigFolder {
  readonly path: string
  readonly configPath: string
  /** The text of the sound config. */
  readonly sound: string
  /** Writes a file of the folder and gives its path. */
  write(name: string, text: string): string
  remove(): void
}

/** Creates the folder. */
export async function createConfigFolder(): Promise<ConfigFolder> {
  const path = mkdtempSync(join(tmpdir(), 'headgate-config-'))
  const write = (name: string, text: string): string => {
    writeFileSync(join(path, name), text)
    return join(path, name)
  }
  const { certPem, keyPem } = await createTestCertificate()
  write('cert.pem', certPem)
  write('key.pem', keyPem)
  write('gateway.password', 'hunter2\n')
  createKeyFile('token', join(path, 'token-key.jwk.json'))
  createKeyFile('bundle', join(path, 'bundle-key.jwk.json'))
  const configPath = write('gateway.yaml', SOUND)
  return {
    path,
    configPath,
    sound: SOUND,
    write,
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
