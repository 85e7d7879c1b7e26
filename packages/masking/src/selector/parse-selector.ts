import { compileWithJsonMask } from './json-mask.ts'
import { placeFault, type SelectorFault, type SelectorProblem } from './problem.ts'
import { canonicalText, type SelectorNode } from './selector-node.ts'
import { type SelectorToken, scanSelector } from './tokens.ts'

/** A selector that was read, checked and compiled. */
export interface Selector {
  /** The selector in its one canonical form; equal selectors have equal texts. */
  readonly canonical: string
  readonly root: SelectorNode
}

/** A selector, or everything that is wrong with it. */
export type SelectorParseResult =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly problems: readonly SelectorProblem[] }

/** The longest selector that is read, in UTF-16 units. */
export const MAX_SELECTOR_LENGTH = 4096

/** The deepest selector that is read, in names. */
export const MAX_SELECTOR_DEPTH = 32

interface DraftNode {
  selected: boolean
  readonly children: Map<string, DraftNode>
  wildcard: DraftNode | undefined
}

function newNode(): DraftNode {
  return { selected: false, children: new Map(), wildcard: undefined }
}

/**
 * The grammar, with names merged as they come:
 *
 *     props ::= prop | prop "," props
 *      prop ::= name | name "/" prop | name "(" props ")"
 */
class SelectorReader {
  readonly faults: SelectorFault[] = []
  readonly #tokens: readonly SelectorToken[]
  readonly #end: number
  #next = 0

  constructor(tokens: readonly SelectorToken[], end: number) {
    this.#tokens = tokens
    this.#end = end
  }

  /** Reads everything; false when the structure is broken, which one fault then tells. */
  readAll(root: DraftNode): boolean {
    if (!this.#readProps(root, 0)) return false
    return this.#next === this.#tokens.length || this.#broken('`)` closes nothing', 'remove it, or open it before')
  }

  #readProps(parent: DraftNode, depth: number): boolean {
    do {
      if (!this.#readProp(parent, depth)) return false
    } while (this.#take(','))
    return true
  }

  #readProp(parent: DraftNode, depth: number): boolean {
    const token = this.#tokens[this.#next]
    if (token === undefined || (token.kind !== 'name' && token.kind !== 'wildcard'))
      return this.#broken('a name is missing', 'write a name, or `*` for any')
    if (depth === MAX_SELECTOR_DEPTH) return this.#tooDeep(token.offset)
    this.#next += 1
    const node = this.#child(parent, token)
    if (this.#take('/')) return this.#mayDescend(node, token) && this.#readProp(node, depth + 1)
    if (!this.#take('(')) return this.#select(node, token)
    if (!this.#mayDescend(node, token) || !this.#readProps(node, depth + 1)) return false
    return this.#take(')') || this.#broken('a `)` is missing', 'close every `(`')
  }

  #child(parent: DraftNode, { kind, name, offset }: SelectorToken): DraftNode {
    const other = kind === 'wildcard' ? parent.children.has('*') : name === '*' && parent.wildcard !== undefined
    if (other)
      this.#overlap(offset, 'a literal star stands beside the wildcard', 'leave out `\\*`, which `*` selects too')
    if (kind === 'wildcard') {
      parent.wildcard ??= newNode()
      return parent.wildcard
    }
    const node = parent.children.get(name) ?? newNode()
    parent.children.set(name, node)
    return node
  }

  #select(node: DraftNode, { name, offset }: SelectorToken): true {
    if (node.selected) this.#overlap(offset, `\`${name}\` is selected twice`, 'name it once')
    else if (node.children.size > 0 || node.wildcard !== undefined)
      this.#overlap(offset, `\`${name}\` is selected whole and in part`, 'keep the whole or the part')
    node.selected = true
    return true
  }

  #mayDescend(node: DraftNode, { name, offset }: SelectorToken): true {
    if (node.selected) this.#overlap(offset, `\`${name}\` is selected whole and in part`, 'keep the whole or the part')
    return true
  }

  #take(kind: SelectorToken['kind']): boolean {
    const taken = this.#tokens[this.#next]?.kind === kind
    if (taken) this.#next += 1
    return taken
  }

  #overlap(offset: number, message: string, mend: string): void {
    this.faults.push({ offset, code: 'ERR_MASKING_SELECTOR_OVERLAP', message, mend })
  }

  #tooDeep(offset: number): false {
    const message = `more than ${MAX_SELECTOR_DEPTH} names deep`
    this.faults.push({ offset, code: 'ERR_MASKING_SELECTOR_TOO_LARGE', message, mend: 'select something higher up' })
    return false
  }

  #broken(message: string, mend: string): false {
    const offset = this.#tokens[this.#next]?.offset ?? this.#end
    this.faults.push({ offset, code: 'ERR_MASKING_SELECTOR_SYNTAX', message, mend })
    return false
  }
}

/**
 * Reads a selector in the json-mask language: `a,b/c,items(sku,price/amount),*` – arrays need no sign of their own.
 *
 * What json-mask accepts by accident is refused, every problem with its place: a masked field must never be one that the
 * writer did not mean. Names that come twice are merged (`a/b,a/c` is `a(b,c)`). Throws nothing.
 */
export function parseSelector(text: string): SelectorParseResult {
  const fail = (...faults: SelectorFault[]): SelectorParseResult => {
    const inOrder = faults.sort((left, right) => left.offset - right.offset)
    return { ok: false, problems: inOrder.map((fault) => placeFault(text, fault)) }
  }
  if (text.length > MAX_SELECTOR_LENGTH) return fail(tooLong(text.length))
  if (text.trim() === '')
    return fail({ offset: 0, code: 'ERR_MASKING_SELECTOR_EMPTY', message: 'selects nothing', mend: 'name a field' })
  const { tokens, faults } = scanSelector(text)
  const reader = new SelectorReader(tokens, text.length)
  const root = newNode()
  const whole = reader.readAll(root)
  if (!whole || faults.length + reader.faults.length > 0) return fail(...faults, ...reader.faults)
  return { ok: true, selector: { canonical: canonicalText(root), root: compileWithJsonMask(root) } }
}

function tooLong(length: number): SelectorFault {
  const message = `${length} characters, more than ${MAX_SELECTOR_LENGTH}`
  return { offset: 0, code: 'ERR_MASKING_SELECTOR_TOO_LARGE', message, mend: 'cut it into several rules' }
}
