/** A text that is in the trie, with what hangs on it. */
export interface PrefixEntry<T, M> {
  readonly prefix: string
  readonly value: T
  /** The longest other text of the trie that this one begins with. */
  readonly outer: PrefixEntry<T, M> | undefined
  /** What was made of this entry, kept where a look-up finds it. */
  made: M | undefined
}

/** Character codes from here on are looked up in a map: names are nearly always ASCII. */
const FAR = 128

/**
 * What a walk reads of a node it passes or ends at lies in the node itself: among thousands, each object more is one that the
 * processor has to fetch.
 */
class TrieNode<T, M> implements PrefixEntry<T, M> {
  made: M | undefined
  /** All that is written on the way to here. */
  readonly prefix: string
  readonly end: number
  hasValue = false
  #base = 0
  /** Children by the character that follows, from `base` on. */
  #near: (TrieNode<T, M> | undefined)[] | undefined
  #far: Map<number, TrieNode<T, M>> | undefined
  outer: PrefixEntry<T, M> | undefined
  #value: T | undefined

  constructor(prefix: string) {
    this.prefix = prefix
    this.end = prefix.length
  }

  get value(): T {
    return this.#value as T
  }

  set value(value: T) {
    this.#value = value
    this.hasValue = true
  }

  childAt(code: number): TrieNode<T, M> | undefined {
    if (code >= FAR) return this.#far?.get(code)
    if (this.#near === undefined) return undefined
    const at = code - this.#base
    return at >= 0 && at < this.#near.length ? this.#near[at] : undefined
  }

  setChild(child: TrieNode<T, M>): void {
    const code = child.prefix.charCodeAt(this.end)
    if (code >= FAR) {
      this.#far ??= new Map()
      this.#far.set(code, child)
      return
    }
    if (this.#near === undefined) {
      this.#near = []
      this.#base = code
    }
    while (code < this.#base) {
      this.#near.unshift(undefined)
      this.#base -= 1
    }
    while (code - this.#base >= this.#near.length) this.#near.push(undefined)
    this.#near[code - this.#base] = child
  }

  *children(): Generator<TrieNode<T, M>> {
    for (const child of this.#near ?? []) if (child !== undefined) yield child
    if (this.#far !== undefined) yield* this.#far.values()
  }
}

/**
 * Finds which of many texts a name begins with. A look-up reads only those characters of the name at which texts differ, and
 * compares one text as a whole: it takes about as long among 2,000 texts as among 20, and cuts no string.
 */
export class PrefixTrie<T, M> {
  readonly #root = new TrieNode<T, M>('')
  #isLinked = true

  /** What hangs on a text; made when it is new. */
  at(prefix: string, createValue: () => T): T {
    const node = this.#nodeOf(prefix)
    if (!node.hasValue) node.value = createValue()
    this.#isLinked = false
    return node.value
  }

  /** The longest text that the name begins with; the others are its `outer` ones. */
  longest(name: string): PrefixEntry<T, M> | undefined {
    if (!this.#isLinked) this.#link()
    const { length } = name
    let node = this.#root
    let found: PrefixEntry<T, M> | undefined = node.hasValue ? node : undefined
    while (node.end < length) {
      const child = node.childAt(name.charCodeAt(node.end))
      if (child === undefined || child.end > length) break
      node = child
      if (node.hasValue) found = node
    }
    // The walk has read some characters only.
    while (found !== undefined && found !== this.#root && !name.startsWith(found.prefix)) found = found.outer
    return found
  }

  /** Every text with what hangs on it, a text after those that it begins with. */
  entries(): readonly PrefixEntry<T, M>[] {
    if (!this.#isLinked) this.#link()
    return this.#nodes().filter(({ hasValue }) => hasValue)
  }

  #nodes(): TrieNode<T, M>[] {
    const nodes = [this.#root]
    for (const node of nodes) nodes.push(...node.children())
    return nodes
  }

  #nodeOf(prefix: string): TrieNode<T, M> {
    let node = this.#root
    while (node.end < prefix.length) {
      const child = node.childAt(prefix.charCodeAt(node.end))
      const shared = child === undefined ? 0 : sharedLength(child.prefix, prefix)
      if (child !== undefined && shared === child.end) {
        node = child
        continue
      }
      const next = new TrieNode<T, M>(child === undefined ? prefix : prefix.slice(0, shared))
      if (child !== undefined) next.setChild(child)
      node.setChild(next)
      node = next
    }
    return node
  }

  #link(): void {
    for (const node of this.#nodes())
      for (const child of node.children()) child.outer = node.hasValue ? node : node.outer
    this.#isLinked = true
  }
}

function sharedLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length += 1
  return length
}
