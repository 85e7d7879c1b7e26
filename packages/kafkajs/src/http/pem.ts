import { readFile } from 'node:fs/promises'
import { Secret } from '@headgate/core'
import type { ClientCertificate } from '../config/options.ts'
import { HeadgateConfigurationError } from '../errors.ts'

/** What PEM texts hold. */
const BEGINS = {
  certificate: /-----BEGIN CERTIFICATE-----/,
  'private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/,
} as const

/**
 * Gives a PEM text, or that of the file of this name.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when it does not hold what it should; its text is not repeated
 */
async function readPemOf(what: string, kind: keyof typeof BEGINS, textOrPath: string): Promise<string> {
  const isText = textOrPath.includes('-----BEGIN')
  const text = isText ? textOrPath : await readFile(textOrPath, 'utf8').catch(() => undefined)
  if (text !== undefined && BEGINS[kind].test(text)) return text
  const source = isText ? 'the text' : `the file \`${textOrPath}\``
  throw new HeadgateConfigurationError({ message: `${what} cannot be read: ${source} holds no PEM ${kind}` })
}

/**
 * Gives certificates in PEM, from PEM text or from the file of that name.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when there is no certificate in it
 */
export function readPem(what: string, textOrPath: string): Promise<string> {
  return readPemOf(`the certificate authority of ${what}`, 'certificate', textOrPath)
}

/** A certificate and its key, as TLS takes them. */
export interface CertificatePems {
  readonly cert: string
  readonly key: Secret<string>
}

/**
 * Reads this service's own certificate.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 */
export async function readCertificate({ cert, key }: ClientCertificate): Promise<CertificatePems> {
  return {
    cert: await readPemOf("this service's certificate", 'certificate', cert),
    key: new Secret(await readPemOf("the key of this service's certificate", 'private key', key)),
  }
}
