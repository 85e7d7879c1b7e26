import jsonMask from 'json-mask'
import { SelectorCompileError } from '../errors.ts'
import { jsonMaskText, type SelectorNode } from './selector-node.ts'

interface CompiledProps {
  readonly [name: string]: { readonly isWildcard?: boolean; readonly properties?: CompiledProps }
}

/**
 * Compiles a checked selector with json-mask and gives its tree as ours.
 *
 * INVARIANT: the two trees are equal, name by name. json-mask's own reading of the text is what is run, so a difference
 * would mean that another field is masked than the one that was checked; it throws `ERR_MASKING_SELECTOR_COMPILE`.
 */
export function compileWithJsonMask(checked: SelectorNode): SelectorNode {
  const compiled: unknown = jsonMask.compile(jsonMaskText(checked))
  return sameNode(checked, (compiled ?? {}) as CompiledProps)
}

function sameNode(checked: SelectorNode, properties: CompiledProps): SelectorNode {
  const entries = Object.entries(properties)
  const children = new Map<string, SelectorNode>()
  let wildcard: SelectorNode | undefined
  if (entries.length !== checked.children.size + (checked.wildcard === undefined ? 0 : 1)) throw different()
  for (const [name, { isWildcard = false, properties: below }] of entries) {
    const expected = isWildcard ? checked.wildcard : checked.children.get(name)
    if (expected === undefined || expected.selected !== (below === undefined)) throw different()
    const node = sameNode(expected, below ?? {})
    if (isWildcard) wildcard = node
    else children.set(name, node)
  }
  return Object.freeze({ selected: checked.selected, children, wildcard })
}

function different(): SelectorCompileError {
  return new SelectorCompileError({ message: 'a selector: json-mask reads it in another way than it was checked' })
}
