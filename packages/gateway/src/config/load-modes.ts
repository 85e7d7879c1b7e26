import { readFileSync } from 'node:fs'
import type { EnforcementModes, SourceProblem } from '@headgate/policy'
import { ConfigReader } from './config-reader.ts'
import { ConfigSource } from './config-source.ts'
import { readModes } from './modes-section.ts'

/** The modes of a config, or what is wrong with them. */
export type ModesResult =
  | { readonly ok: true; readonly modes: EnforcementModes }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] }

/**
 * Reads the modes of a gateway's YAML config, and nothing else of it: a change of modes must not hang on a file that another
 * section names.
 */
export function loadModes(path: string): ModesResult {
  const source = new ConfigSource(path, {})
  let text: string
  try {
    text = readFileSync(source.path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const message = `the config cannot be read (${reason})`
    source.add({ offset: 0, code: 'ERR_GATEWAY_CONFIG_FILE_UNREADABLE', message, mend: 'name a readable file' })
    return { ok: false, problems: source.problems }
  }
  const map = source.parse(text)
  if (map === undefined) return { ok: false, problems: source.problems }
  const modes = readModes(new ConfigReader(source, map).optionalSection('modes'))
  return source.problems.length === 0 ? { ok: true, modes } : { ok: false, problems: source.problems }
}
