import { PlanTooLargeError } from '../errors.ts'
import type { SelectorNode } from '../selector/selector-node.ts'
import { type Action, onMembersOnly } from '../strategy/action.ts'
import { KEPT_WHOLE, type KeptPlace } from './kept-place.ts'
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

/** What is kept of a record, and the action for what is not. */
interface KeptPart {
  readonly place: KeptPlace
  readonly absent: Action
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
  #absent: Action | undefined

  constructor(toDrift: (action: Action) => Action) {
    this.#toDrift = toDrift
  }

  /** Adds a selector; `actionFor` gives the action of a selected path, or `undefined` for an exemption. */
  add(selector: SelectorNode, actionFor: (path: readonly string[]) => Action | undefined): void {
    this.#merge(this.#root, selector, [], actionFor)
  }

  /** With `kept`, what no selector of a list keeps is removed. Throws `ERR_MASKING_PLAN_TOO_LARGE`. */
  compile(kept?: KeptPart): State {
    if (kept === undefined) return this.#stateOf([this.#root], KEPT_WHOLE)
    this.#absent = kept.absent
    return this.#stateOf([this.#root], kept.place)
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

  #stateOf(nodes: readonly PathNode[], kept: KeptPlace): State {
    if (nodes.length === 0 && kept.isWhole) return EMPTY_STATE
    const key = kept.isNothing ? 'absent' : `${nodes.map(({ id }) => id).join()}/${kept.id}`
    const known = this.#states.get(key)
    if (known !== undefined) return known
    if (this.#states.size >= MAX_PLAN_STATES)
      throw new PlanTooLargeError({ message: `a masking plan: more than ${MAX_PLAN_STATES} states` })
    const state = this.#createState(nodes, kept)
    this.#states.set(key, state)
    return state
  }

  #createState(nodes: readonly PathNode[], kept: KeptPlace): State {
    if (this.#absent !== undefined && !kept.isWhole) return this.#createKeptState(nodes, kept, this.#absent)
    // An exemption lifts the rule of the same path; one of a path above was met before, and hides all below it.
    if (nodes.some(({ lifted }) => lifted)) return liftedState()
    const action = strongestAt(nodes)
    if (action !== undefined) return createMaskedState(action)
    const names = new Set(nodes.flatMap(({ children }) => [...children.keys()]))
    const keys = new Map([...names].map((name) => [name, this.#stateOf(nodesUnder(nodes, name), kept)]))
    const otherwise = this.#stateOf(nodesUnderAny(nodes), kept)
    return createState({ keys, otherwise, drift: this.#driftOf(nodes, keys, otherwise) })
  }

  /** The state of what is kept in part. The list comes first, and rules apply to what it leaves. */
  #createKeptState(nodes: readonly PathNode[], kept: KeptPlace, absent: Action): State {
    if (kept.isNothing) return createMaskedState(absent)
    const exemption = nodes.find(({ lifted }) => lifted)
    const action = exemption === undefined ? strongestAt(nodes) : undefined
    if (action !== undefined) return createMaskedState(onMembersOnly(action), absent)
    const below = (name?: string): readonly PathNode[] => {
      if (exemption !== undefined) return [exemption]
      return name === undefined ? nodesUnderAny(nodes) : nodesUnder(nodes, name)
    }
    const otherwise = this.#stateOf(below(), kept.otherwise)
    const names = new Set([...kept.names, ...nodes.flatMap(({ children }) => [...children.keys()])])
    const states = [...names].map((name): [string, State] => [name, this.#stateOf(below(name), kept.under(name))])
    const keys = new Map(states.filter(([, state]) => state !== otherwise))
    return createState({ keys, otherwise, drift: absent, lifted: exemption !== undefined, isPart: true })
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

function strongestAt(nodes: readonly PathNode[]): Action | undefined {
  return nodes.map(({ action }) => action).reduce(strongerAction, undefined)
}

function nodesUnderAny(nodes: readonly PathNode[]): PathNode[] {
  return nodes.flatMap(({ wildcard }) => wildcard ?? [])
}

function nodesUnder(nodes: readonly PathNode[], name: string): PathNode[] {
  const under = nodes.flatMap(({ children, wildcard }) => [children.get(name) ?? [], wildcard ?? []].flat())
  return under.sort((left, right) => left.id - right.id)
}
