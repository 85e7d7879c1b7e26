import { isMap, isNode, isScalar, isSeq, type Pair, parseDocument } from 'yaml'
import { printable } from '../printable.ts'
import type { SourcePosition } from './document.ts'
import type { Fault, SourceProblem } from './problem.ts'
import { findHidingCharacters, findUnusualNodes, type PlacedFault } from './yaml-checks.ts'

/** A file of a policy: its name for messages and its text. */
export interface PolicySource {
  readonly path: string
  readonly text: string
}

/** The largest file that is read, in UTF-16 units. */
export const MAX_SOURCE_LENGTH = 1_048_576

/** The path from the root of a file to a value. */
export type ValuePath = readonly PropertyKey[]

/** A YAML file that was read: its value, and where in the text each part of the value stands. */
export class YamlSource {
  readonly path: string
  readonly value: unknown
  readonly #root: unknown
  readonly #text: string
  readonly #lines: readonly number[]

  constructor(source: PolicySource, root: unknown, value: unknown) {
    this.path = source.path
    this.value = value
    this.#root = root
    this.#text = source.text
    this.#lines = lineStarts(source.text)
  }

  /** Where a value starts; for a value that is not there, where the nearest one around it starts. */
  positionOf(path: ValuePath): SourcePosition {
    let node = this.#root
    let offset = offsetOf(node)
    for (const step of path) {
      node = childOf(node, step)
      if (!isNode(node)) break
      offset = offsetOf(node)
    }
    return { path: this.path, ...positionAt(this.#lines, offset) }
  }

  /** Where a character of a text stands; for one that is written otherwise than it reads, where the text starts. */
  positionWithin(path: ValuePath, index: number): SourcePosition {
    const node = path.reduce(childOf, this.#root)
    if (!isScalar(node) || !isNode(node)) return this.positionOf(path)
    const [start = 0, end = 0] = node.range ?? []
    const written = this.#text.slice(start, end)
    const isPlain = written === node.value
    const isQuoted = written.slice(1, -1) === node.value
    const offset = isPlain ? start + index : isQuoted ? start + 1 + index : start
    return { path: this.path, ...positionAt(this.#lines, offset) }
  }

  /** Where the key of a member stands. */
  keyPositionOf(path: ValuePath, key: string): SourcePosition {
    const parent = path.reduce(childOf, this.#root)
    const keyNode = pairOf(parent, key)?.key
    if (keyNode === undefined) return this.positionOf(path)
    return { path: this.path, ...positionAt(this.#lines, offsetOf(keyNode)) }
  }
}

/** Reads a YAML 1.2 file strictly: what is wrong is added to `problems`; without a usable value, nothing is returned. */
export function readYaml(source: PolicySource, problems: SourceProblem[]): YamlSource | undefined {
  const lines = lineStarts(source.text)
  const report = ({ offset, fault }: PlacedFault): void => {
    problems.push({ path: source.path, ...positionAt(lines, offset), ...fault })
  }
  if (source.text.length > MAX_SOURCE_LENGTH) {
    report({ offset: 0, fault: tooLarge })
    return undefined
  }
  for (const found of findHidingCharacters(source.text)) report(found)
  try {
    return parseStrictly(source, report)
  } catch {
    // The parser recurses; a file nested beyond any sense ends here.
    report({ offset: 0, fault: syntaxFault('the file cannot be read as YAML') })
    return undefined
  }
}

function parseStrictly(source: PolicySource, report: (found: PlacedFault) => void): YamlSource | undefined {
  // Not `logLevel: 'silent'`: it would silence the error about a second document.
  const options = { version: '1.2', uniqueKeys: false, prettyErrors: false } as const
  const document = parseDocument(source.text, options)
  const unusual = findUnusualNodes(document)
  // A tag is reported with the node that bears it.
  const warnings = document.warnings.filter((warning) => warning.code !== 'TAG_RESOLVE_FAILED')
  for (const { pos, message } of [...document.errors, ...warnings]) {
    report({ offset: pos[0], fault: syntaxFault(printable(message.charAt(0).toLowerCase() + message.slice(1))) })
  }
  for (const found of unusual) report(found)
  const readable = document.errors.length === 0 && unusual.every(({ isFatal }) => isFatal !== true)
  return readable ? new YamlSource(source, document.contents, document.toJS({ maxAliasCount: 0 })) : undefined
}

const tooLarge: Fault = {
  code: 'ERR_POLICY_TOO_LARGE',
  message: `the file is longer than ${MAX_SOURCE_LENGTH} characters`,
  mend: 'cut it into parts',
}

function syntaxFault(message: string): Fault {
  return { code: 'ERR_POLICY_YAML_SYNTAX', message, mend: 'write one document of plain YAML 1.2' }
}

function pairOf(node: unknown, key: PropertyKey): Pair | undefined {
  // The last of several equal keys is the one whose value was taken.
  return isMap(node)
    ? node.items.findLast((pair) => isScalar(pair.key) && String(pair.key.value ?? '') === key)
    : undefined
}

function childOf(node: unknown, step: PropertyKey): unknown {
  return isSeq(node) ? node.items[Number(step)] : pairOf(node, step)?.value
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function positionAt(starts: readonly number[], offset: number): { line: number; column: number } {
  let line = starts.findLastIndex((start) => start <= offset)
  if (line < 0) line = 0
  return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 }
}
