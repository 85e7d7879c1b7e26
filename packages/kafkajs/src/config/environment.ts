import { HeadgateConfigurationError } from '../errors.ts'
import { clientCredentials } from '../identity/client-credentials.ts'
import { type IdentitySource, TokenType } from '../identity/identity-source.ts'
import { tokenFile } from '../identity/token-file.ts'
import type { ClientCertificate, HeadgateOptions } from './options.ts'

/** Variables by name, as `process.env` has them. An empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>

function read(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim()
  return value === '' ? undefined : value
}

function readFlag(environment: Environment, name: string): boolean | undefined {
  const value = read(environment, name)
  if (value === undefined) return undefined
  if (value === 'true' || value === 'false') return value === 'true'
  throw new HeadgateConfigurationError({ message: `${name} is neither \`true\` nor \`false\`` })
}

/** The variables of client credentials, by the option that each one sets. */
const credentialVariables = {
  clientSecret: 'HEADGATE_CLIENT_SECRET',
  clientSecretFile: 'HEADGATE_CLIENT_SECRET_FILE',
  privateKey: 'HEADGATE_CLIENT_PRIVATE_KEY',
  privateKeyId: 'HEADGATE_CLIENT_PRIVATE_KEY_ID',
  clientAssertionFile: 'HEADGATE_CLIENT_ASSERTION_FILE',
  scope: 'HEADGATE_SCOPE',
  audience: 'HEADGATE_AUDIENCE',
  resource: 'HEADGATE_RESOURCE',
  ca: 'HEADGATE_ISSUER_CA',
} as const

function readCredentials(environment: Environment): IdentitySource | undefined {
  const issuer = read(environment, 'HEADGATE_ISSUER')
  const clientId = read(environment, 'HEADGATE_CLIENT_ID')
  if (issuer === undefined && clientId === undefined) return undefined
  if (issuer === undefined || clientId === undefined) {
    const missing = issuer === undefined ? 'HEADGATE_ISSUER' : 'HEADGATE_CLIENT_ID'
    throw new HeadgateConfigurationError({ message: `${missing} is not set, but its companion is: set both` })
  }
  const extras = Object.entries(credentialVariables).flatMap(([option, name]) => {
    const value = read(environment, name)
    return value === undefined ? [] : [[option, value]]
  })
  return clientCredentials({ issuer, clientId, ...Object.fromEntries(extras) })
}

/** What the token file holds, by the last word of its RFC 8693 name, or by all of it. */
function readTokenType(environment: Environment): TokenType | undefined {
  const value = read(environment, 'HEADGATE_TOKEN_TYPE')
  if (value === undefined) return undefined
  const type = Object.values(TokenType).find((name) => name === value || name.endsWith(`:${value}`))
  if (type !== undefined) return type
  const words = Object.values(TokenType).map((name) => name.slice(name.lastIndexOf(':') + 1))
  throw new HeadgateConfigurationError({ message: `HEADGATE_TOKEN_TYPE is none of ${words.join(', ')}` })
}

/**
 * Reads whether the environment wants no option that is not used.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 */
export function readStrict(environment: Environment): boolean {
  return readFlag(environment, 'HEADGATE_STRICT') ?? false
}

/**
 * Reads the identity that the environment sets.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION` when variables contradict each other
 */
export function readIdentity(environment: Environment): IdentitySource | undefined {
  const path = read(environment, 'HEADGATE_TOKEN_FILE')
  const credentials = readCredentials(environment)
  if (path !== undefined && credentials !== undefined) {
    throw new HeadgateConfigurationError({
      message: 'HEADGATE_TOKEN_FILE and HEADGATE_ISSUER are both set: a service has one identity, so unset one of them',
    })
  }
  const type = readTokenType(environment)
  return path === undefined ? credentials : tokenFile(path, type === undefined ? {} : { type })
}

function readClientCertificate(environment: Environment): ClientCertificate | undefined {
  const cert = read(environment, 'HEADGATE_CLIENT_CERT')
  const key = read(environment, 'HEADGATE_CLIENT_KEY')
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) return { cert, key }
  const missing = cert === undefined ? 'HEADGATE_CLIENT_CERT' : 'HEADGATE_CLIENT_KEY'
  throw new HeadgateConfigurationError({ message: `${missing} is not set, but its companion is: set both` })
}

/**
 * Reads the options that the environment sets, all but the identity; members that it does not set are absent.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 */
export function readEnvironment(environment: Environment): HeadgateOptions {
  const gateway = read(environment, 'HEADGATE_GATEWAY')
  const bundleKeys = read(environment, 'HEADGATE_BUNDLE_KEYS')
  const ca = read(environment, 'HEADGATE_CA')
  const clientCertificate = readClientCertificate(environment)
  const insecure = readFlag(environment, 'HEADGATE_INSECURE')
  return {
    ...(gateway !== undefined && { gateway }),
    ...(bundleKeys !== undefined && { bundleKeys: bundleKeys.split(/[\s,]+/).filter((key) => key !== '') }),
    ...(ca !== undefined && { ca }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(insecure !== undefined && { insecure }),
  }
}
