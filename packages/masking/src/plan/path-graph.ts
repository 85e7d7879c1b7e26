import { PlanTooLargeError } from '../errors.ts'
import type { SelectorNode } from '../selector/selector-node.ts'
import type { Action } from '../strategy/action.ts'
import {
  createMaskedState,
  createState,
  EMPTY_STATE,
  liftedState,
  type State,
  strongerAction,
  strongestOf,
} from './state.ts'

/** The most states that the rules of a plan may give together. */
const MAX_PLAN_STATES = 10_000

interface PathNode {
  readonly id: number
  /** A name leads here, or it is the root. Under any key there may be scalars that no rule means. */
  readonly named: boolean
  readonly children: Map<string, PathNode>
  wildcard: PathNode | undefined
  action: Action | undefined
  lifted: boolean
}

/**
 * The paths of all rules in one graph, in which a key can lead to two places: by its name and by a wildcard.
 *
 * {@link PathGraph.compile} makes of it a graph in which each key leads to one.
 */
export class PathGraph {
  #nodes = 0
  readonly #root = this.#createNode(true)
  readonly #states = new Map<string, State>()
  readonly #toDrift: (action: Action) => Action

  constructor(toDrift: (action: Action) => Action) {
    this.#toDrift = toDrift
  }

  /** Adds a selector; `actionFor` gives the action of a selected path, or `undefined` for an exemption. */
  add(selector: SelectorNode, actionFor: (path: readonly string[]) => Action | undefined): void {
    this.#merge(this.#root, selector, [], actionFor)
  }

  /** Throws `ERR_MASKING_PLAN_TOO_LARGE`. */
  compile(): State {
    return this.#stateOf([this.#root])
  }

  #createNode(named: boolean): PathNode {
    this.#nodes += 1
    return { id: this.#nodes, named, children: new Map(), wildcard: undefined, action: undefined, lifted: false }
  }

  #merge(
    node: PathNode,
    selector: SelectorNode,
    path: readonly string[],
    actionFor: (path: readonly string[]) => Action | undefined,
  ): void {
    if (selector.selected) {
      const action = actionFor(path)
      if (action === undefined) node.lifted = true
      else node.action = strongerAction(node.action, action)
      return
    }
    for (const [name, below] of selector.children) {
      const child = node.children.get(name) ?? this.#createNode(true)
      node.children.set(name, child)
      this.#merge(child, below, [...path, name], actionFor)
    }
    if (selector.wildcard === undefined) return
    node.wildcard ??= this.#createNode(false)
    this.#merge(node.wildcard, selector.wildcard, [...path, '*'], actionFor)
  }

  #stateOf(nodes: readonly PathNode[]): State {
    if (nodes.length === 0) return EMPTY_STATE
    const key = nodes.map(({ id }) => id).join()
    const known = this.#states.get(key)
    if (known !== undefined) return known
    if (this.#states.size >= MAX_PLAN_STATES)
      throw new PlanTooLargeError({ message: `a masking plan: more than ${MAX_PLAN_STATES} states` })
    const state = this.#createState(nodes)
    this.#states.set(key, state)
    return state
  }

  #createState(nodes: readonly PathNode[]): State {
    // An exemption lifts the rule of the same path; one of a path above was met before, and hides all below it.
    if (nodes.some(({ lifted }) => lifted)) return liftedState()
    const action = nodes.map((node) => node.action).reduce(strongerAction, undefined)
    if (action !== undefined) return createMaskedState(action)
    const wildcards = nodes.flatMap(({ wildcard }) => wildcard ?? [])
    const names = new Set(nodes.flatMap(({ children }) => [...children.keys()]))
    const keys = new Map([...names].map((name) => [name, this.#stateOf(nodesUnder(nodes, name))]))
    const otherwise = this.#stateOf(wildcards)
    return createState(keys, otherwise, this.#driftOf(nodes, keys, otherwise))
  }

  #driftOf(nodes: readonly PathNode[], keys: ReadonlyMap<string, State>, otherwise: State): Action | undefined {
    const expected = nodes
      .filter(({ named }) => named)
      .flatMap(({ children, wildcard }) => {
        const below = [...children.keys()].flatMap((name) => keys.get(name) ?? [])
        return wildcard === undefined ? below : [...below, otherwise]
      })
    const strongest = strongestOf(expected)
    return strongest === undefined ? undefined : this.#toDrift(strongest)
  }
}

function nodesUnder(nodes: readonly PathNode[], name: string): PathNode[] {
  const under = nodes.flatMap(({ children, wildcard }) => [children.get(name) ?? [], wildcard ?? []].flat())
  return under.sort((left, right) => left.id - right.id)
}
