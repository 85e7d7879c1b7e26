import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'

const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$/
const DECLARATIONS = /\.d\.[cm]?ts$/
/** What tools write, and what is installed. */
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', 'build', 'out', 'coverage'])
const MAX_FILES = 50_000

function isLeftOut({ name }: Dirent): boolean {
  return name.startsWith('.') || LEFT_OUT.has(name)
}

/** Lists the JavaScript and TypeScript files of a folder, without what is installed or built; links are not followed. */
export function listSourceFiles(folder: string): readonly string[] {
  const found: string[] = []
  const waiting = [folder]
  for (let next = waiting.pop(); next !== undefined && found.length < MAX_FILES; next = waiting.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      if (isLeftOut(entry)) continue
      if (entry.isDirectory()) waiting.push(join(next, entry.name))
      else if (entry.isFile() && SOURCE.test(entry.name) && !DECLARATIONS.test(entry.name)) {
        found.push(join(next, entry.name))
      }
    }
  }
  return found.sort()
}
