import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CommandIo } from './command.ts'
import { FileUnreadableError } from './errors.ts'

/**
 * Reads a text file that the command line names; `what` says what it should be.
 *
 * @throws {FileUnreadableError} `ERR_CLI_FILE_UNREADABLE`
 */
export async function readNamedFile(io: CommandIo, what: string, file: string): Promise<string> {
  try {
    return await readFile(resolve(io.folder, file), 'utf8')
  } catch (error) {
    throw new FileUnreadableError(what, file, (error as NodeJS.ErrnoException).code ?? 'unknown')
  }
}
