import type { SelectorNode } from '../selector/selector-node.ts'

type Numbers = Map<SelectorNode, number>

/**
 * A place in a keep-list: the nodes of its selectors that a walk stands at, among which a key can lead to several.
 *
 * INVARIANT: what one selector keeps is kept, whatever the others say; and a place without nodes keeps nothing, so that an
 * empty list never means everything.
 */
export class KeptPlace {
  /** Everything here and below is kept. */
  readonly isWhole: boolean
  readonly #nodes: readonly SelectorNode[]
  readonly #numbers: Numbers

  constructor(nodes: readonly SelectorNode[], numbers: Numbers = new Map()) {
    this.#nodes = nodes
    this.#numbers = numbers
    this.isWhole = nodes.some(({ selected }) => selected)
    for (const node of nodes) if (!numbers.has(node)) numbers.set(node, numbers.size)
  }

  /** Nothing here and below is kept. */
  get isNothing(): boolean {
    return this.#nodes.length === 0
  }

  /** The same for equal places of one list. */
  get id(): string {
    if (this.isWhole) return '*'
    return this.#nodes
      .map((node) => this.#numbers.get(node) ?? 0)
      .sort((left, right) => left - right)
      .join()
  }

  /** The names that are more than any key here. */
  get names(): string[] {
    return this.#nodes.flatMap(({ children }) => [...children.keys()])
  }

  /** The place under a name. */
  under(name: string): KeptPlace {
    return this.#below(({ children, wildcard }) => [children.get(name) ?? [], wildcard ?? []].flat())
  }

  /** The place under a key that is none of the names. */
  get otherwise(): KeptPlace {
    return this.#below(({ wildcard }) => wildcard ?? [])
  }

  #below(step: (node: SelectorNode) => SelectorNode | readonly SelectorNode[]): KeptPlace {
    return this.isWhole ? this : new KeptPlace(this.#nodes.flatMap(step), this.#numbers)
  }
}

const all: SelectorNode = { selected: true, children: new Map(), wildcard: undefined }

/** The place of a plan without a list. */
export const KEPT_WHOLE: KeptPlace = new KeptPlace([all])

/**
 * The root of a list of selectors.
 *
 * INVARIANT: a record is something with members, of which a list without selectors keeps none. It is neither kept whole
 * nor absent as a whole.
 */
export function keptRoot(selectors: readonly SelectorNode[]): KeptPlace {
  return new KeptPlace([unite(selectors)])
}

/** One node for several: each name once, so that long lists of short selectors are not searched one by one. */
function unite(nodes: readonly SelectorNode[]): SelectorNode {
  if (nodes.some(({ selected }) => selected)) return all
  const byName = new Map<string, SelectorNode[]>()
  for (const { children } of nodes)
    for (const [name, child] of children) {
      const same = byName.get(name)
      if (same === undefined) byName.set(name, [child])
      else same.push(child)
    }
  const wildcards = nodes.flatMap(({ wildcard }) => wildcard ?? [])
  return {
    selected: false,
    children: new Map([...byName].map(([name, same]) => [name, unite(same)])),
    wildcard: wildcards.length === 0 ? undefined : unite(wildcards),
  }
}
