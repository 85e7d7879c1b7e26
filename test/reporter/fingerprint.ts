import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the workspace, without a slash at the end. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** What every test exercises: code and its configuration. Prose is not part of it. */
export const CODE_PATHS: readonly string[] = [
  'packages',
  'examples',
  'test',
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
]

/** What the long tier exercises: the packages, its own tests and the parts that they start. */
export const LONG_PATHS: readonly string[] = [
  'packages',
  'test/long',
  'test/kafka',
  'test/certificates',
  'test/clients',
  'test/world',
  'pnpm-lock.yaml',
]

/** Where a result comes from. */
export interface Origin {
  /** The abbreviated commit. */
  readonly commit: string
  /** Whether the work tree differed from that commit. */
  readonly changed: boolean
}

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** Lists the files of the work tree, tracked or new, that git does not ignore; sorted, with `/` between folders. */
export function listFiles(paths: readonly string[] = [], root: string = ROOT): string[] {
  const listed = git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...paths)
  return [...new Set(listed.split('\0'))].filter((file) => file !== '').sort()
}

function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/**
 * Computes a SHA-256 over names and contents of the files under `paths`, Markdown left out.
 *
 * Two trees with the same fingerprint give the same test results; it needs no history, so it holds in a shallow clone.
 */
export function fingerprint(paths: readonly string[], root: string = ROOT): string {
  const hash = createHash('sha256')
  for (const file of listFiles(paths, root)) {
    const bytes = file.endsWith('.md') ? undefined : readIfPresent(join(root, file))
    if (bytes !== undefined) hash.update(`${file}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/** Reads the commit that the work tree is at, and whether it differs from it. */
export function readOrigin(root: string = ROOT): Origin {
  const commit = git(root, 'rev-parse', '--short', 'HEAD').trim()
  return { commit, changed: git(root, 'status', '--porcelain').trim() !== '' }
}
