import { isLoopbackHost } from '../gateway-address.ts'
import type { OfferedLogin } from './gateway-metadata.ts'
import type { LoginTarget } from './saved-sign-ins.ts'
import { LoginUnknownError } from './sign-in-errors.ts'

/** Where to sign in, as the options of `headgate login` say it. */
export interface LoginTargetOptions {
  /** The name of one that the gateway offers, or the URL of any. */
  readonly issuer?: string
  readonly clientId?: string
  readonly scope?: readonly string[]
}

const DEFAULT_SCOPES = ['openid', 'offline_access']

function offeredFor({ issuer }: LoginTargetOptions, offered: readonly OfferedLogin[]): OfferedLogin | undefined {
  if (issuer !== undefined) return offered.find((login) => login.name === issuer || login.issuer === issuer)
  if (offered.length > 1) {
    const names = offered.map(({ name }) => `\`${name}\``).join(', ')
    throw new LoginUnknownError(`the gateway offers ${names}: choose one by \`--issuer\``)
  }
  return offered[0]
}

function assertSecure(issuer: string, isInsecure: boolean): void {
  const url = URL.parse(issuer)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new LoginUnknownError('the issuer is no https URL, nor one that the gateway offers')
  }
  // The gateway may name an issuer; whether a person's sign-in goes over plaintext is for her to say.
  if (url.protocol === 'http:' && !isInsecure && !isLoopbackHost(url.hostname)) {
    throw new LoginUnknownError('the issuer is plaintext to another machine: use https')
  }
}

/**
 * Finds where to sign in: by the options, and for what they leave out by what the gateway offers.
 *
 * @throws {LoginUnknownError} `ERR_CLI_LOGIN_UNKNOWN`
 */
export function findLoginTarget(
  options: LoginTargetOptions,
  offered: readonly OfferedLogin[],
  isInsecure: boolean,
): LoginTarget {
  const found = offeredFor(options, offered)
  const issuer = found?.issuer ?? options.issuer
  const clientId = options.clientId ?? found?.clientId
  if (issuer === undefined || clientId === undefined) {
    throw new LoginUnknownError('the gateway names no place to sign in: give `--issuer` and `--client-id`')
  }
  assertSecure(issuer, isInsecure)
  return { issuer, clientId, scopes: options.scope ?? found?.scopes ?? DEFAULT_SCOPES, resource: found?.resource }
}
