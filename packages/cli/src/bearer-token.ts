import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Secret } from '@headgate/core'
import type { CommandIo } from './command.ts'
import { FileUnreadableError, NotSignedInError } from './errors.ts'
import type { GatewayAddress } from './gateway-address.ts'

const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

function readTokenFile(io: CommandIo, file: string): Secret<string> {
  const path = resolve(io.folder, file)
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new FileUnreadableError('token', path, String((error as { code?: unknown }).code))
  }
  if (!TOKEN.test(text)) throw new FileUnreadableError('token', path, 'it holds no token')
  return new Secret(text)
}

/**
 * Finds what to sign in with at the gateway: HEADGATE_TOKEN, else the file that HEADGATE_TOKEN_FILE names, else the saved
 * sign-in of that gateway.
 *
 * @throws {NotSignedInError} `ERR_CLI_NOT_SIGNED_IN`
 */
export async function findBearerToken(io: CommandIo, gateway: GatewayAddress): Promise<Secret<string>> {
  const token = io.environment['HEADGATE_TOKEN'] ?? ''
  if (token !== '') return new Secret(token.trim())
  const file = io.environment['HEADGATE_TOKEN_FILE'] ?? ''
  if (file !== '') return readTokenFile(io, file)
  throw new NotSignedInError(gateway.origin)
}
