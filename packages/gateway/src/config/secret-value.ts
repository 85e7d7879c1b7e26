import { Secret } from '@headgate/core'
import { isMap } from 'yaml'
import type { ConfigReader, Located } from './config-reader.ts'

/** A secret with the place it was read from. */
export interface LocatedSecret extends Located<Secret<string>> {
  /** The file's or the variable's name, for messages. */
  readonly origin: string
}

const MEND = 'put it in a file and write `{ file: … }`, or in the environment and write `{ env: NAME }`'

function fromFile(reader: ConfigReader): LocatedSecret | undefined {
  const path = reader.optionalText('file')
  if (path === undefined || path.value === '') return undefined
  const text = reader.source.readNamedFile(path.value, path.offset)
  if (text === undefined) return undefined
  // Editors and `echo` end a file with a line feed that belongs to no secret.
  const value = text.replace(/\r?\n$/, '')
  if (value === '')
    reader.add(
      'ERR_GATEWAY_CONFIG_SECRET_EMPTY',
      `file \`${path.value}\` is empty`,
      'put the secret in it',
      path.offset,
    )
  return { value: new Secret(value), offset: path.offset, origin: path.value }
}

function fromEnvironment(reader: ConfigReader): LocatedSecret | undefined {
  const name = reader.optionalText('env')
  if (name === undefined || name.value === '') return undefined
  const value = reader.source.environment[name.value] ?? ''
  if (value === '') {
    reader.add(
      'ERR_GATEWAY_CONFIG_SECRET_EMPTY',
      `variable \`${name.value}\` is not set`,
      'set it where the gateway starts',
      name.offset,
    )
  }
  return { value: new Secret(value), offset: name.offset, origin: name.value }
}

/** Reads a mapping that is `{ file }` or `{ env }` itself. */
export function readSecretReference(reader: ConfigReader, name: string): LocatedSecret | undefined {
  const isFile = reader.has('file')
  const isEnvironment = reader.has('env')
  const secret = isFile ? fromFile(reader) : fromEnvironment(reader)
  if (isFile === isEnvironment)
    reader.add('ERR_GATEWAY_CONFIG_CONFLICT', `\`${name}\` wants one of \`file\` and \`env\``, MEND)
  reader.close()
  return secret
}

/** Reads a secret given as `{ file }` or `{ env }`; one written into the config itself is refused and not repeated. */
export function readSecret(reader: ConfigReader, key: string): LocatedSecret | undefined {
  const node = reader.node(key)
  if (node === undefined) {
    reader.require(key, '`{ file: … }` or `{ env: NAME }`')
    return undefined
  }
  if (isMap(node)) return readSecretReference(reader.section(key), reader.nameOf(key))
  reader.add(
    'ERR_GATEWAY_CONFIG_SECRET_INLINE',
    `\`${reader.nameOf(key)}\` stands in the config itself`,
    MEND,
    reader.offsetOf(key),
  )
  return undefined
}
