import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { Secret } from '@headgate/core'
import type { ConfigReader } from './config-reader.ts'
import type { ServerTls, UpstreamTls } from './gateway-config.ts'

interface CertificateAndKey {
  readonly certPem: string | undefined
  readonly keyPem: Secret<string> | undefined
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

const BEGINNING = /(?=-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----)/

/**
 * What is wrong with a file of certificates.
 *
 * INVARIANT: each of them is looked at. TLS reads a list of authorities up to the first one that is damaged, and says nothing: of a
 * file that is half written it would take the first half.
 */
function certificatesProblem(pem: string): string | undefined {
  if (parseCertificate(pem) === undefined) return 'holds no certificate'
  // A file may begin with a key, or with words.
  const blocks = pem.split(BEGINNING).filter((block) => BEGINNING.test(block))
  const isWhole = blocks.every((block) => parseCertificate(block) !== undefined)
  return isWhole ? undefined : 'holds a certificate that is damaged, or not all of one'
}

function keyProblem(pem: string, certificate: X509Certificate | undefined): string | undefined {
  try {
    const key = createPrivateKey(pem)
    return certificate?.checkPrivateKey(key) === false ? 'is not the key of the certificate' : undefined
  } catch {
    return 'holds no PEM private key without a passphrase'
  }
}

/** Reads the PEM certificates of a file that the config names. */
export function readCertificate(reader: ConfigReader, key: string): string | undefined {
  const path = reader.optionalText(key)
  if (path === undefined || path.value === '') return undefined
  const pem = reader.source.readNamedFile(path.value, path.offset)
  const problem = pem === undefined ? undefined : certificatesProblem(pem)
  if (problem !== undefined) {
    const message = `file \`${path.value}\` ${problem}`
    reader.add('ERR_GATEWAY_CONFIG_PEM_INVALID', message, 'name a PEM file of whole certificates', path.offset)
  }
  return pem
}

function readKey(reader: ConfigReader, key: string, certPem: string | undefined): Secret<string> | undefined {
  const path = reader.optionalText(key)
  if (path === undefined || path.value === '') return undefined
  const pem = reader.source.readNamedFile(path.value, path.offset)
  if (pem === undefined) return undefined
  const problem = keyProblem(pem, certPem === undefined ? undefined : parseCertificate(certPem))
  if (problem !== undefined) {
    reader.add(
      'ERR_GATEWAY_CONFIG_PEM_INVALID',
      `file \`${path.value}\` ${problem}`,
      'name the PEM key of the certificate',
      path.offset,
    )
  }
  return new Secret(pem)
}

function readCertificateAndKey(reader: ConfigReader): CertificateAndKey {
  const certPem = readCertificate(reader, 'cert')
  return { certPem, keyPem: readKey(reader, 'key', certPem) }
}

/** Says when neither TLS nor an explicit `insecure: true` is there, or both. */
function checkSecurity(reader: ConfigReader): void {
  const isInsecure = reader.flag('insecure')
  const hasTls = reader.has('tls')
  if (isInsecure && hasTls) {
    const at = reader.offsetOf('insecure')
    reader.add(
      'ERR_GATEWAY_CONFIG_CONFLICT',
      `\`${reader.nameOf('insecure')}\` contradicts \`tls\``,
      'keep `tls` alone',
      at,
    )
  }
  if (!isInsecure && !hasTls && reader.isPresent) {
    const mend = 'add `tls:`, or `insecure: true` where plaintext is meant'
    reader.add('ERR_GATEWAY_CONFIG_INSECURE', `\`${reader.nameOf('tls')}\` is missing`, mend)
  }
}

/** TLS has a say of its own, such as on keys that are too short. */
function checkUsable(reader: ConfigReader, key: string, tls: Parameters<typeof createSecureContext>[0]): void {
  try {
    createSecureContext(tls)
  } catch {
    // What TLS says of it may quote the file.
    const message = `\`${reader.nameOf(key)}\` cannot be used for TLS`
    const mend = 'name a PEM file of whole certificates, of keys that are long enough'
    reader.add('ERR_GATEWAY_CONFIG_PEM_INVALID', message, mend, reader.offsetOf(key))
  }
}

/** Reads `tls: { cert, key, clientCa }` of a listener, or its explicit absence. */
export function readServerTls(reader: ConfigReader): ServerTls | undefined {
  checkSecurity(reader)
  const tls = reader.optionalSection('tls')
  if (tls === undefined) return undefined
  for (const key of ['cert', 'key']) if (!tls.has(key)) tls.require(key, 'the path of a PEM file')
  const { certPem = '', keyPem = new Secret('') } = readCertificateAndKey(tls)
  const clientCaPem = readCertificate(tls, 'clientCa')
  if (tls.source.problems.length === 0) {
    checkUsable(tls, 'cert', { cert: certPem, key: keyPem.reveal() })
    if (clientCaPem !== undefined) checkUsable(tls, 'clientCa', { ca: clientCaPem })
  }
  tls.close()
  return { certPem, keyPem, ...(clientCaPem === undefined ? {} : { clientCaPem }) }
}

/** Reads `tls: { ca, serverName, cert, key }` towards the brokers, or its explicit absence. */
export function readUpstreamTls(reader: ConfigReader): UpstreamTls | undefined {
  checkSecurity(reader)
  const tls = reader.optionalSection('tls')
  if (tls === undefined) return undefined
  const caPem = readCertificate(tls, 'ca')
  const serverName = tls.optionalText('serverName')?.value
  const pair = readCertificateAndKey(tls)
  if (tls.has('cert') !== tls.has('key')) {
    tls.add('ERR_GATEWAY_CONFIG_CONFLICT', `\`${tls.nameOf('cert')}\` and \`key\` go together`, 'give both, or neither')
  }
  if (tls.source.problems.length === 0) {
    if (caPem !== undefined) checkUsable(tls, 'ca', { ca: caPem })
    const { certPem, keyPem } = pair
    if (certPem !== undefined && keyPem !== undefined) checkUsable(tls, 'cert', { cert: certPem, key: keyPem.reveal() })
  }
  tls.close()
  return { caPem, serverName, ...pair }
}
