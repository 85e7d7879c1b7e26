import { detectorNames, foldHeaderName, foldKey, type KeepList, parseSelector } from '@headgate/masking'
import { sortedUnique } from '../canonical.ts'
import { canonicalFields } from '../keep-list.ts'
import { printable } from '../printable.ts'
import { checkAnywhereKey, checkHeaderName, checkSelector } from './mask-words.ts'
import { nearestWord } from './nearest-word.ts'
import type { Fault, InnerFault } from './problem.ts'
import type { UnmaskRight } from './protection.ts'

/** One item of `unmask`, taken apart: what kind of mask it lifts, and of what. */
export interface UnmaskItem {
  readonly kind: 'fields' | 'anywhere' | 'detect' | 'headers' | 'key'
  readonly text: string
}

const PREFIXES = [
  ['anywhere:', 'anywhere'],
  ['detect:', 'detect'],
  ['header:', 'headers'],
] as const

/** Takes an item apart. A field of such a name is written with a backslash: `\key`. */
export function splitUnmaskItem(item: string): UnmaskItem {
  if (item === 'key') return { kind: 'key', text: '' }
  const [prefix, kind] = PREFIXES.find(([start]) => item.startsWith(start)) ?? ['', 'fields']
  return { kind, text: item.slice(prefix.length) }
}

/** Checks an item of `unmask`. */
export function checkUnmaskItem(item: string): InnerFault[] {
  const { kind, text } = splitUnmaskItem(item)
  if (kind === 'fields') return checkSelector(text)
  const fault = checkWord(kind, text)
  return fault === undefined ? [] : [{ ...fault, offset: 0 }]
}

function checkWord(kind: Exclude<UnmaskItem['kind'], 'fields'>, text: string): Fault | undefined {
  if (kind === 'key') return undefined
  if (kind === 'anywhere') return checkAnywhereKey(text)
  if (kind === 'headers') return checkHeaderName(text)
  if (detectorNames.some((name) => name === text)) return undefined
  const near = nearestWord(text, detectorNames)
  const known = detectorNames.map((name) => `\`detect:${name}\``).join(', ')
  const mend = near === undefined ? `use ${known}` : `did you mean \`detect:${near}\`?`
  return { code: 'ERR_POLICY_UNKNOWN_VALUE', message: `there is no detector \`${printable(text)}\``, mend }
}

/** Checks an item of `only`: one of `unmask`, but for what masks alone know. */
export function checkKeepItem(item: string): InnerFault[] {
  const { kind, text } = splitUnmaskItem(item)
  if (kind !== 'anywhere' && kind !== 'detect') return checkUnmaskItem(item)
  const message = `\`${kind}:\` names no part of a record that could be kept`
  const mend = `name the field by its path, or write \`\\${kind}:…\` for a field of such a name`
  return [{ code: 'ERR_POLICY_ONLY', message: `${message} (\`${printable(text)}\`)`, mend, offset: 0 }]
}

/** Unites checked items of `only`. */
export function buildKeepList(items: readonly string[]): KeepList {
  const { fields = [], headers = [], key = false } = buildUnmask(items)
  return { fields: canonicalFields(fields), headers, key }
}

/** Unites checked items of `unmask`. */
export function buildUnmask(items: readonly string[]): UnmaskRight {
  const split = items.map(splitUnmaskItem)
  const of = (wanted: UnmaskItem['kind']): string[] =>
    sortedUnique(split.flatMap(({ kind, text }) => (kind === wanted ? [canonicalWord(kind, text)] : [])))
  const lists = { fields: of('fields'), anywhere: of('anywhere'), detect: of('detect'), headers: of('headers') }
  return {
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    ...(split.some(({ kind }) => kind === 'key') ? { key: true } : {}),
  }
}

function canonicalWord(kind: UnmaskItem['kind'], text: string): string {
  if (kind === 'anywhere') return foldKey(text)
  if (kind === 'headers') return foldHeaderName(text)
  return kind === 'fields' ? canonicalSelector(text) : text
}

/** The one form of a selector that was checked. */
export function canonicalSelector(text: string): string {
  const result = parseSelector(text)
  return result.ok ? result.selector.canonical : text
}
