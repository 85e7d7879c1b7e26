import {
  canonicalModes,
  checkOpaqueSelector,
  checkTopicPattern,
  ENFORCED,
  type EnforcementMode,
  type EnforcementModes,
  enforcementModes,
  INTERNAL_TOPIC_PREFIX,
  type ModeEntry,
} from '@headgate/policy'
import type { ConfigReader, Located } from './config-reader.ts'

type SelectorCheck = (selector: string) => { readonly message: string; readonly mend: string } | undefined

function checkTopic(selector: string): ReturnType<SelectorCheck> {
  if (!selector.startsWith(INTERNAL_TOPIC_PREFIX)) return checkTopicPattern(selector)
  return { message: 'internal topics are enforced in every mode', mend: 'leave it out' }
}

function readSelector(reader: ConfigReader, { value, offset }: Located<string>, check: SelectorCheck): string {
  const fault = check(value)
  if (fault !== undefined) reader.add('ERR_GATEWAY_CONFIG_NAME_INVALID', fault.message, fault.mend, offset)
  return value
}

function readMode(reader: ConfigReader, key: string): EnforcementMode | undefined {
  return reader.word(key, enforcementModes)
}

function readEntry(reader: ConfigReader, check: SelectorCheck, seen: Set<string>): ModeEntry {
  const selectors = reader.texts('match')
  const match = selectors.map((selector) => readSelector(reader, selector, check))
  for (const { value, offset } of selectors) {
    if (seen.has(value))
      reader.add('ERR_GATEWAY_CONFIG_DUPLICATE', `\`${value}\` has a mode already`, 'leave it in one place', offset)
    seen.add(value)
  }
  if (!reader.has('mode')) reader.require('mode', `one of ${enforcementModes.join(', ')}`)
  const mode = readMode(reader, 'mode') ?? 'enforce'
  reader.close()
  return { match, mode }
}

function readEntries(reader: ConfigReader, key: string, check: SelectorCheck): readonly ModeEntry[] {
  const seen = new Set<string>()
  return reader.sections(key, { optional: true }).map((entry) => readEntry(entry, check, seen))
}

/** Reads `modes:`; without it everything is enforced. */
export function readModes(reader: ConfigReader | undefined): EnforcementModes {
  if (reader === undefined) return ENFORCED
  const otherwise = readMode(reader, 'default') ?? 'enforce'
  const modes: EnforcementModes = {
    default: otherwise,
    topics: readEntries(reader, 'topics', checkTopic),
    groups: readEntries(reader, 'groups', checkOpaqueSelector),
    transactionalIds: readEntries(reader, 'transactionalIds', checkOpaqueSelector),
    cluster: readMode(reader, 'cluster') ?? otherwise,
  }
  reader.close()
  return canonicalModes(modes)
}
