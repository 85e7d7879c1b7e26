/** A step of a selector: what lies under a key. */
export interface SelectorNode {
  /** The whole value is selected; such a node has nothing below. */
  readonly selected: boolean
  readonly children: ReadonlyMap<string, SelectorNode>
  /** Under any key. */
  readonly wildcard: SelectorNode | undefined
}

const SPECIAL = /[,/()\\.[\]$!*]/g
const JSON_MASK_SPECIAL = /[,/()\\]/g

/** Writes a node in one form: names sorted, `/` before one name and brackets around several, everything foreign escaped. */
export function canonicalText(node: SelectorNode): string {
  return writeNode(node, (name) => name.replace(SPECIAL, '\\$&'))
}

/**
 * Writes a node for json-mask's compiler.
 *
 * There a star needs its escape only when it is the whole name; elsewhere the escape would become part of the name.
 */
export function jsonMaskText(node: SelectorNode): string {
  return writeNode(node, (name) => (name === '*' ? '\\*' : name.replace(JSON_MASK_SPECIAL, '\\$&')))
}

function writeNode(node: SelectorNode, quote: (name: string) => string): string {
  const names = [...node.children.keys()].sort()
  const parts = names.map((name) => writeStep(quote(name), node.children.get(name), quote))
  if (node.wildcard !== undefined) parts.push(writeStep('*', node.wildcard, quote))
  return parts.join(',')
}

function writeStep(step: string, below: SelectorNode | undefined, quote: (name: string) => string): string {
  if (below === undefined || below.selected) return step
  const single = below.children.size + (below.wildcard === undefined ? 0 : 1) === 1
  const text = writeNode(below, quote)
  return single ? `${step}/${text}` : `${step}(${text})`
}

/** Every selected path of a node, in canonical form. */
export function selectedPaths(node: SelectorNode): string[] {
  const below = [...node.children].map(([name, child]): [string, SelectorNode] => [
    name.replace(SPECIAL, '\\$&'),
    child,
  ])
  if (node.wildcard !== undefined) below.push(['*', node.wildcard])
  return below.flatMap(([step, child]) =>
    child.selected ? [step] : selectedPaths(child).map((path) => `${step}/${path}`),
  )
}
