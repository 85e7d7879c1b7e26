import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of this run, which the configuration of the tests names; outside of tests there is none. */
const runFolder = process.env['HEADGATE_SWEEP_FOLDER']

function listOf(folder: string): string {
  return join(folder, 'made-folders.txt')
}

/** Notes that a test made a temporary folder, which it has to remove. */
export function noteMadeFolder(path: string, folder: string | undefined = runFolder): void {
  if (folder !== undefined) appendFileSync(listOf(folder), `${path}\n`)
}

/** The temporary folders that tests of this run made, and that are still there. */
export function foldersLeft(folder: string | undefined = runFolder): string[] {
  if (folder === undefined || !existsSync(listOf(folder))) return []
  const made = readFileSync(listOf(folder), 'utf8').split('\n')
  return made.filter((path) => path !== '' && existsSync(path))
}
