import { foldHeaderName, foldKey, parseSelector, type SelectorNode, selectedPaths } from '@headgate/masking'
import { Operation } from '../operation.ts'
import { printable } from '../printable.ts'
import { reachOf } from '../topic-reach.ts'
import type { CheckedFile } from './build-document.ts'
import type { PolicyDocument, Rule } from './document.ts'
import { nearestWord } from './nearest-word.ts'
import type { SourceProblem } from './problem.ts'
import type { ProtectionMask } from './protection.ts'
import { splitUnmaskItem, type UnmaskItem } from './unmask.ts'

const MAX_LISTED = 8

/**
 * Checks that each item of `unmask` lifts something: one that lifts nothing was meant to, and is spelled otherwise than the
 * mask. Only what is certain is a problem.
 */
export function checkUnmasks(files: readonly CheckedFile[], document: PolicyDocument): SourceProblem[] {
  const byId = new Map(document.rules.map((rule) => [rule.id, rule]))
  return files.flatMap(({ file, value }) =>
    (value.rules ?? []).flatMap(({ id, may }, index) => {
      const rule = byId.get(id)
      if (rule === undefined || may?.unmask === undefined) return []
      const masks = masksMetBy(rule, document)
      return may.unmask.flatMap((item, n): SourceProblem[] => {
        if (liftsSomething(splitUnmaskItem(item), masks)) return []
        const message = `\`${printable(item)}\` lifts nothing: no topic that this rule lets \`consume\` has such a mask`
        const position = file.positionOf(['rules', index, 'may', 'unmask', n])
        return [{ ...position, code: 'ERR_POLICY_UNMASK', message, mend: mendOf(item, masks) }]
      })
    }),
  )
}

function masksMetBy({ scopes }: Rule, { topics }: PolicyDocument): readonly ProtectionMask[] {
  const reach = reachOf(scopes, [Operation.Read], topics)
  return topics
    .filter(({ mask, match }) => mask.length > 0 && match.some((selector) => reach.meets(selector)))
    .flatMap(({ mask }) => mask.filter(({ on }) => on.includes('consume')))
}

function liftsSomething({ kind, text }: UnmaskItem, masks: readonly ProtectionMask[]): boolean {
  switch (kind) {
    case 'key':
      return masks.some(({ key }) => key === true)
    case 'headers':
      return masks.some(({ headers = [] }) => headers.includes(foldHeaderName(text)))
    case 'anywhere':
      return masks.some(({ anywhere = [] }) => anywhere.includes(foldKey(text)))
    case 'detect':
      return masks.some(({ detect = [] }) => detect.some((name) => name === text))
    case 'fields':
      return liftsFields(text, masks)
  }
}

function liftsFields(selector: string, masks: readonly ProtectionMask[]): boolean {
  // A field that is shown is shown with all that keys at any depth and detectors would hide in it.
  if (masks.some(({ anywhere, detect }) => (anywhere ?? detect) !== undefined)) return true
  const masked = masks.flatMap(({ fields }) => (fields === undefined ? [] : pathsOf(fields)))
  return pathsOf(selector).every((path) => masked.some((each) => isAtOrAbove(path, each)))
}

/** A name of a path; `undefined` is any. */
type Path = readonly (string | undefined)[]

function pathsOf(selector: string): Path[] {
  const result = parseSelector(selector)
  return result.ok ? pathsBelow(result.selector.root) : []
}

function pathsBelow({ selected, children, wildcard }: SelectorNode): Path[] {
  if (selected) return [[]]
  const below: [string | undefined, SelectorNode][] = [...children]
  if (wildcard !== undefined) below.push([undefined, wildcard])
  return below.flatMap(([name, node]) => pathsBelow(node).map((path): Path => [name, ...path]))
}

/** Whether what is shown at `path` can be, or hold, what is masked at `masked`. */
function isAtOrAbove(path: Path, masked: Path): boolean {
  return (
    path.length <= masked.length &&
    path.every((name, index) => name === undefined || masked[index] === undefined || name === masked[index])
  )
}

function mendOf(item: string, masks: readonly ProtectionMask[]): string {
  const words = [...new Set(masks.flatMap(wordsOf))].sort()
  const near = nearestWord(item, words)
  if (near !== undefined) return `did you mean \`${near}\`?`
  if (words.length === 0) return 'remove it: nothing is masked there'
  const listed = words.slice(0, MAX_LISTED).map((word) => `\`${printable(word)}\``)
  return `use ${listed.join(', ')}${words.length > MAX_LISTED ? ', …' : ''}`
}

function fieldsOf(selector: string): string[] {
  const result = parseSelector(selector)
  return result.ok ? selectedPaths(result.selector.root) : []
}

/** What lifts a mask, in the words of `unmask`. */
function wordsOf({ fields, anywhere = [], detect = [], headers = [], key }: ProtectionMask): string[] {
  return [
    ...(fields === undefined ? [] : fieldsOf(fields)),
    ...anywhere.map((name) => `anywhere:${name}`),
    ...detect.map((name) => `detect:${name}`),
    ...headers.map((name) => `header:${name}`),
    ...(key === true ? ['key'] : []),
  ]
}
