import { compareCodeUnits } from '../../canonical.ts'
import { INTERNAL_TOPIC_PREFIX } from '../../operation.ts'

/** What a prefix must not reach, and how many names it has to stand for. */
export interface MergeOptions {
  /** So many names that are used under one prefix are worth one pattern. */
  readonly siblings: number
  /** Names that there are, used or not: a pattern that reaches another one is not made. `undefined` makes none. */
  readonly existing: readonly string[] | undefined
}

const SEPARATOR = /[._-]/g
const MIN_PREFIX_LENGTH = 2

/**
 * Puts a pattern in the place of names that have a prefix up to a separator in common, where there are enough of them and the
 * pattern reaches nothing that exists and was not used. The longest prefix is taken: it reaches least of what may come.
 */
export function mergeNames(names: readonly string[], { siblings, existing }: MergeOptions): readonly string[] {
  if (existing === undefined || names.length < siblings) return names
  const used = new Set(names)
  const unused = existing.filter((name) => !used.has(name))
  const left = new Set(names.filter((name) => !name.startsWith(INTERNAL_TOPIC_PREFIX)))
  const merged: string[] = names.filter((name) => !left.has(name))
  for (const prefix of prefixesOf([...left])) {
    const under = [...left].filter((name) => name.startsWith(prefix))
    if (under.length < siblings || unused.some((name) => name.startsWith(prefix))) continue
    for (const name of under) left.delete(name)
    merged.push(`${prefix}*`)
  }
  return [...merged, ...left].sort(compareCodeUnits)
}

/** Every prefix of a name that ends with a separator, the longest first. */
function prefixesOf(names: readonly string[]): readonly string[] {
  const prefixes = new Set(
    names.flatMap((name) => [...name.matchAll(SEPARATOR)].map(({ index }) => name.slice(0, index + 1))),
  )
  const long = [...prefixes].filter(({ length }) => length >= MIN_PREFIX_LENGTH)
  return long.sort((a, b) => b.length - a.length || compareCodeUnits(a, b))
}
