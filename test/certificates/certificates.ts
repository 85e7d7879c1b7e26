import 'reflect-metadata'
import { randomBytes, type webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** What certificates are made for. */
export interface CertificateOptions {
  /** Names and addresses of the server. */
  readonly hosts: readonly string[]
  /** When the server's certificate ends; in a day by default. A time that has passed makes an expired one. */
  readonly notAfter?: Date
}

/** An authority and a server certificate of it, P-256, as PEM. */
export interface Certificates {
  readonly caPem: string
  readonly certPem: string
  /** PKCS #8, not encrypted. */
  readonly keyPem: string
  /** Makes a certificate of the same authority for a client. */
  createClient(name: string): Promise<ClientCertificate>
  /** Writes the three into a folder, the key readable for the owner only. */
  write(directory: string): Promise<CertificatePaths>
}

/** A client's certificate and key, as PEM. */
export interface ClientCertificate {
  readonly certPem: string
  readonly keyPem: string
}

/** Where the PEM files are. */
export interface CertificatePaths {
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
}

const KEYS = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' }
const DAY_MS = 86_400_000

/** Makes an authority that nobody else has, and a server certificate for the hosts. */
export async function createCertificates({ hosts, notAfter }: CertificateOptions): Promise<Certificates> {
  const caKeys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const ca = await createAuthority(caKeys)
  const serverKeys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const server = await X509CertificateGenerator.create({
    ...validity(notAfter),
    serialNumber: serialNumber(),
    subject: `CN=${hosts[0] ?? 'localhost'}`,
    issuer: ca.subject,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: await serverExtensions(hosts, ca, serverKeys.publicKey),
  })
  const caPem = ca.toString('pem')
  const certPem = server.toString('pem')
  const keyPem = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', serverKeys.privateKey), 'PRIVATE KEY')
  const createClient = (name: string): Promise<ClientCertificate> => createClientCertificate(name, ca, caKeys)
  return { caPem, certPem, keyPem, createClient, write: (directory) => writePem(directory, { caPem, certPem, keyPem }) }
}

async function createAuthority(keys: webcrypto.CryptoKeyPair): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    ...validity(undefined),
    serialNumber: serialNumber(),
    name: `CN=Headgate test authority ${randomBytes(4).toString('hex')}`,
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
}

async function createClientCertificate(
  name: string,
  ca: X509Certificate,
  caKeys: webcrypto.CryptoKeyPair,
): Promise<ClientCertificate> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    ...validity(undefined),
    serialNumber: serialNumber(),
    subject: `CN=${name}`,
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      await AuthorityKeyIdentifierExtension.create(ca),
    ],
  })
  const keyPem = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { certPem: certificate.toString('pem'), keyPem }
}

async function serverExtensions(
  hosts: readonly string[],
  ca: X509Certificate,
  publicKey: webcrypto.CryptoKey,
): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }))),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(ca),
  ]
}

// An hour in the past: machines that share a test may disagree about the time.
function validity(notAfter: Date | undefined): { notBefore: Date; notAfter: Date } {
  const end = notAfter ?? new Date(Date.now() + DAY_MS)
  return { notBefore: new Date(Math.min(Date.now(), end.getTime()) - DAY_MS / 24), notAfter: end }
}

// The first bit stays clear, as a positive number needs.
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function writePem(
  directory: string,
  pem: { caPem: string; certPem: string; keyPem: string },
): Promise<CertificatePaths> {
  const paths = {
    caPath: join(directory, 'ca.pem'),
    certPath: join(directory, 'server.pem'),
    keyPath: join(directory, 'server.key'),
  }
  await writeFile(paths.caPath, pem.caPem)
  await writeFile(paths.certPath, pem.certPem)
  await writeFile(paths.keyPath, pem.keyPem, { mode: 0o600 })
  return paths
}
