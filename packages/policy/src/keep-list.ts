import type { KeepList } from '@headgate/masking'
import { compareCodeUnits, sortedUnique } from './canonical.ts'
import { coversPath, type FieldPath, fieldPathsOf, stepsOf } from './field-path.ts'

interface PathNode {
  ends: boolean
  readonly below: Map<string, PathNode>
}

/**
 * The paths of selectors in one form: each by itself, sorted, and none that another one covers.
 *
 * INVARIANT: lists that select the same have the same form. There is always a name that no path speaks of, so that no number of
 * names makes up for a `*`: what covers a path is one other path.
 */
export function canonicalFields(selectors: readonly string[]): readonly string[] {
  const paths = sortedUnique(selectors.flatMap(fieldPathsOf)).map((text) => ({ text, steps: stepsOf(text) }))
  const namesIn = (steps: FieldPath): number => steps.filter((step) => step !== '*').length
  // What covers a path is shorter, or as long and has more stars.
  paths.sort((a, b) => a.steps.length - b.steps.length || namesIn(a.steps) - namesIn(b.steps))
  const root: PathNode = { ends: false, below: new Map() }
  return paths
    .filter(({ steps }) => addUnlessCovered(root, steps))
    .map(({ text }) => text)
    .sort(compareCodeUnits)
}

function addUnlessCovered(root: PathNode, steps: FieldPath): boolean {
  if (isCovered(root, steps, 0)) return false
  let node = root
  for (const step of steps) {
    const next = node.below.get(step) ?? { ends: false, below: new Map() }
    node.below.set(step, next)
    node = next
  }
  node.ends = true
  return true
}

function isCovered({ ends, below }: PathNode, steps: FieldPath, index: number): boolean {
  if (ends) return true
  const step = steps[index]
  if (step === undefined) return false
  return [below.get(step), step === '*' ? undefined : below.get('*')].some(
    (next) => next !== undefined && isCovered(next, steps, index + 1),
  )
}

/** What is shown where several lists apply: whatever one of them names. Nothing is left out where one grant has no list. */
export function uniteKeepLists(lists: readonly (KeepList | undefined)[]): KeepList | undefined {
  const [first] = lists
  if (lists.length === 1) return first
  const kept = new Set<KeepList>()
  for (const list of lists) {
    if (list === undefined) return undefined
    kept.add(list)
  }
  if (kept.size <= 1) return first
  const all = [...kept]
  return {
    fields: canonicalFields(all.flatMap(({ fields }) => fields)),
    headers: sortedUnique(all.flatMap(({ headers }) => headers)),
    key: all.some(({ key }) => key),
  }
}

/** Whether a list shows nothing that another does not show; without a list everything is shown. */
export function keepsNoMore(list: KeepList | undefined, other: KeepList | undefined): boolean {
  if (other === undefined) return true
  if (list === undefined) return false
  const shown = other.fields.map(stepsOf)
  return (
    list.fields.every((field) => shown.some((above) => coversPath(above, stepsOf(field)))) &&
    list.headers.every((name) => other.headers.includes(name)) &&
    (other.key || !list.key)
  )
}

/** Whether a list shows anything of a record. */
export function isShowing({ fields, headers, key }: KeepList): boolean {
  return key || fields.length + headers.length > 0
}

/** A list in the words of `only`. */
export function keepWords({ fields, headers, key }: KeepList): readonly string[] {
  return [...fields.map(fieldWord), ...headers.map((name) => `header:${name}`), ...(key ? ['key'] : [])]
}

/** A field that could be read as another kind of item is written with a backslash. */
function fieldWord(field: string): string {
  return field === 'key' || /^(?:anywhere|detect|header):/.test(field) ? `\\${field}` : field
}
