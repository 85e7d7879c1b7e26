import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { findAmbiguousNames, type PolicyIssuer, type PolicyParseResult, parsePolicy } from '@headgate/policy'

/** A policy read from its files, or every problem, and the files that were looked at. */
export interface PolicyFiles {
  readonly result: PolicyParseResult
  /** Absolute: the entry first, then the parts that it lists, readable or not. */
  readonly paths: readonly string[]
}

function unreadable(path: string, error: unknown): PolicyFiles {
  const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
  const problem = {
    path,
    line: 1,
    column: 1,
    code: 'ERR_GATEWAY_POLICY_UNREADABLE',
    message: `the policy cannot be read (${reason})`,
    mend: 'name a readable file',
  }
  return { result: { ok: false, problems: [problem] }, paths: [path] }
}

/**
 * Reads a policy: the entry file and its parts, which lie beside it or below. Nothing is thrown for what they hold.
 *
 * @param issuers those of the gateway: with several, a policy that leaves open whom it means has problems.
 */
export function readPolicyFiles(path: string, issuers: readonly PolicyIssuer[] = []): PolicyFiles {
  const entryPath = resolve(path)
  const paths = [entryPath]
  let text: string
  try {
    text = readFileSync(entryPath, 'utf8')
  } catch (error) {
    return unreadable(entryPath, error)
  }
  const readPart = (part: string): string => {
    const partPath = resolve(dirname(entryPath), part)
    paths.push(partPath)
    return readFileSync(partPath, 'utf8')
  }
  const result = parsePolicy({ path: entryPath, text }, readPart)
  const problems = result.ok ? findAmbiguousNames(result.document, issuers) : []
  return { result: problems.length === 0 ? result : { ok: false, problems }, paths }
}

function fingerprint(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${path}:${mtimeMs}:${size}:${ino}`
  } catch {
    return `${path}:absent`
  }
}

/** Gives a text that changes when one of the files does, without reading them. */
export function fingerprintFiles(paths: readonly string[]): string {
  return paths.map(fingerprint).join('\n')
}
