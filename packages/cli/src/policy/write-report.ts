import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandIo } from '../command.ts'
import { ReportUnwritableError } from '../errors.ts'

/**
 * Writes a report to a file that the user named; an older one is replaced.
 *
 * @throws ReportUnwritableError `ERR_CLI_REPORT_UNWRITABLE`
 */
export function writeReport(io: CommandIo, file: string, text: string): void {
  try {
    writeFileSync(resolve(io.folder, file), text)
  } catch (error) {
    throw new ReportUnwritableError(file, String((error as { code?: unknown } | null)?.code ?? 'unknown'))
  }
}
