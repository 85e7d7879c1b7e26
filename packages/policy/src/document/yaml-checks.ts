import { type Document, isAlias, isScalar, type Node, type Pair, visit, type YAMLMap } from 'yaml'
import { printable } from '../printable.ts'
import type { Fault, PolicyProblemCode } from './problem.ts'

/** A fault and the offset in the text at which it stands. */
export interface PlacedFault {
  readonly offset: number
  readonly fault: Fault
  /** The file has no plain value: nothing more can be said of it. */
  readonly isFatal?: boolean
}

// Byte order marks, controls, and the characters that change the direction of reading.
const HIDING = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\uFEFF]/gu
const PLAIN_CONTROLS = '\n\r\t'

/** Finds the characters that make a file say something else than it shows, in comments too. */
export function findHidingCharacters(text: string): PlacedFault[] {
  return [...text.matchAll(HIDING)]
    .filter(([character]) => !PLAIN_CONTROLS.includes(character))
    .map(({ 0: character, index }) =>
      placed(
        index,
        'ERR_POLICY_CHARACTER',
        `the character ${printable(character)} hides what the file says`,
        'remove it',
      ),
    )
}

/** Finds what YAML allows and a policy does not: aliases, anchors, tags, directives, keys twice or not text. */
export function findUnusualNodes(document: Document.Parsed): PlacedFault[] {
  const found: PlacedFault[] = []
  if (document.directives.yaml.explicit === true || Object.keys(document.directives.tags).length > 1) {
    found.push(placed(0, 'ERR_POLICY_YAML_TAG', 'directives are not part of the policy language', 'remove them'))
  }
  visit(document.contents, {
    Node: (_key, node) => void found.push(...checkNode(node)),
    Map: (_key, map) => void found.push(...checkNode(map), ...checkKeys(map)),
  })
  return found
}

function checkNode(node: Node): PlacedFault[] {
  const offset = node.range?.[0] ?? 0
  if (isAlias(node)) return [{ ...placed(offset, 'ERR_POLICY_YAML_ALIAS', ...anchorFault), isFatal: true }]
  if ('anchor' in node && node.anchor !== undefined) return [placed(offset, 'ERR_POLICY_YAML_ALIAS', ...anchorFault)]
  return node.tag === undefined ? [] : [placed(offset, 'ERR_POLICY_YAML_TAG', ...tagFault)]
}

const anchorFault = ['anchors and aliases are not part of the policy language', 'write it out'] as const
const tagFault = ['tags are not part of the policy language', 'remove it, and quote text where needed'] as const
const keyFault = ['this key is not text', 'use one of the words of the policy language'] as const

function checkKeys(map: YAMLMap): PlacedFault[] {
  const seen = new Set<string>()
  return map.items.flatMap(({ key }: Pair) => {
    const offset = (key as Node | null)?.range?.[0] ?? map.range?.[0] ?? 0
    if (!isScalar(key)) return [{ ...placed(offset, 'ERR_POLICY_YAML_KEY', ...keyFault), isFatal: true }]
    if (typeof key.value !== 'string') return [placed(offset, 'ERR_POLICY_YAML_KEY', ...keyFault)]
    if (!seen.has(key.value)) {
      seen.add(key.value)
      return []
    }
    const message = `\`${printable(key.value)}\` is here twice`
    return [placed(offset, 'ERR_POLICY_DUPLICATE_KEY', message, 'unite the two')]
  })
}

function placed(offset: number, code: PolicyProblemCode, message: string, mend: string): PlacedFault {
  return { offset, fault: { code, message, mend } }
}
