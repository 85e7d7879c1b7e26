import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Secret } from '@headgate/core'
import type { CommandIo } from '../command.ts'
import { FileUnreadableError } from '../errors.ts'

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
 * The token that the environment gives: HEADGATE_TOKEN, else the file that HEADGATE_TOKEN_FILE names, read anew each time.
 *
 * @throws {FileUnreadableError} `ERR_CLI_FILE_UNREADABLE`
 */
export function readGivenToken({ environment, ...io }: CommandIo): Secret<string> | undefined {
  const token = (environment['HEADGATE_TOKEN'] ?? '').trim()
  if (token !== '') {
    if (!TOKEN.test(token)) throw new FileUnreadableError('token', 'HEADGATE_TOKEN', 'it holds no token')
    return new Secret(token)
  }
  const file = environment['HEADGATE_TOKEN_FILE'] ?? ''
  return file === '' ? undefined : readTokenFile({ environment, ...io }, file)
}
