import { readFile } from 'node:fs/promises'
import { HeadgateConfigurationError } from '../errors.ts'

/**
 * Gives certificates in PEM, from PEM text or from the file of that name.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when there is no certificate in it
 */
export async function readPem(what: string, textOrPath: string): Promise<string> {
  const isText = textOrPath.includes('-----BEGIN')
  const text = isText ? textOrPath : await readFile(textOrPath, 'utf8').catch(() => undefined)
  if (text?.includes('-----BEGIN CERTIFICATE-----')) return text
  const source = isText ? 'the text' : `the file \`${textOrPath}\``
  throw new HeadgateConfigurationError({
    message: `the certificate authority of ${what} cannot be read: ${source} holds no PEM certificate`,
  })
}
