import { Secret } from '@headgate/core'
import type { ConfigReader, Located } from './config-reader.ts'
import type {
  ClusterConfig,
  HostAndPort,
  UpstreamCredential,
  UpstreamCredentialMatch,
  UpstreamSasl,
  UpstreamSaslMechanism,
} from './gateway-config.ts'
import { readSecret } from './secret-value.ts'
import { readUpstreamTls } from './tls-section.ts'

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const satisfies readonly UpstreamSaslMechanism[]
const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/
// The name becomes a part of the audience of tokens.
const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

function parseHostAndPort(reader: ConfigReader, { value, offset }: Located<string>): HostAndPort {
  const [, six, host = six ?? '', digits = '0'] = HOST_AND_PORT.exec(value) ?? []
  const port = Number(digits)
  if (host === '' || port < 1 || port > 65_535) {
    reader.add(
      'ERR_GATEWAY_CONFIG_ADDRESS_INVALID',
      `\`${value}\` is no address`,
      'write `host:port`, port 1 to 65535',
      offset,
    )
  }
  return { host, port }
}

function readName(reader: ConfigReader): string {
  const name = reader.text('name')
  if (name !== '' && !CLUSTER_NAME.test(name)) {
    const mend = 'use up to 100 letters, digits, `.`, `_` and `-`'
    reader.add(
      'ERR_GATEWAY_CONFIG_NAME_INVALID',
      `\`${reader.nameOf('name')}\` is no name`,
      mend,
      reader.offsetOf('name'),
    )
  }
  return name
}

function readSasl(reader: ConfigReader): UpstreamSasl {
  const mechanism = reader.word('mechanism', MECHANISMS)
  if (mechanism === undefined) reader.require('mechanism', '`scram-sha-512`, `scram-sha-256` or `plain`')
  const username = reader.text('username')
  const password = readSecret(reader, 'password')?.value ?? new Secret('')
  reader.close()
  return { mechanism: mechanism ?? 'SCRAM-SHA-512', username, password }
}

function readMatch(reader: ConfigReader, issuerNames: readonly string[]): UpstreamCredentialMatch {
  const issuer = reader.text('issuer')
  if (issuer !== '' && !issuerNames.includes(issuer)) {
    reader.add(
      'ERR_GATEWAY_CONFIG_ISSUER_UNKNOWN',
      `issuer \`${issuer}\` is not configured`,
      'name one of `issuers`',
      reader.offsetOf('issuer'),
    )
  }
  const subject = reader.optionalText('subject')?.value
  const group = reader.optionalText('group')?.value
  if ((subject === undefined) === (group === undefined) && reader.isPresent) {
    reader.add(
      'ERR_GATEWAY_CONFIG_CONFLICT',
      `\`${reader.nameOf('subject')}\` or \`group\`: one is wanted`,
      'give exactly one of them',
    )
  }
  reader.close()
  return { issuer, subject, group }
}

function readCredential(reader: ConfigReader, issuerNames: readonly string[]): UpstreamCredential {
  const match = readMatch(reader.section('match'), issuerNames)
  const credential = { match, sasl: readSasl(reader.section('sasl')) }
  reader.close()
  return credential
}

/** Reads `cluster:`; credentials may name the given issuers only. */
export function readCluster(reader: ConfigReader, issuerNames: readonly string[]): ClusterConfig {
  const credentials = reader.sections('credentials', { optional: true })
  const sasl = reader.optionalSection('sasl')
  const cluster: ClusterConfig = {
    name: readName(reader),
    bootstrap: reader.texts('bootstrap').map((address) => parseHostAndPort(reader, address)),
    tls: readUpstreamTls(reader),
    sasl: sasl === undefined ? undefined : readSasl(sasl),
    credentials: credentials.map((credential) => readCredential(credential, issuerNames)),
  }
  reader.close()
  return cluster
}
