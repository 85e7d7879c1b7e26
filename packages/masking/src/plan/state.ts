import type { Action } from '../strategy/action.ts'
import { strongerStrategy } from '../strategy/strategy.ts'
import { KeyTable } from './key-table.ts'

/** What a plan knows at one place of a record. */
export interface State {
  /** The value here is masked; nothing below is looked at. */
  readonly action: Action | undefined
  /** No rule speaks about the value here and all below it. A list does. */
  readonly lifted: boolean
  /** No rule by path speaks here or below, or what they say is lifted. */
  readonly passes: boolean
  readonly keys: KeyTable<State>
  /** For keys that are not in `keys`. */
  readonly otherwise: State
  /** Of all actions here and below, the one that leaves the least to see. */
  readonly strongest: Action | undefined
  /** What becomes of a scalar here, where the rules expect more below: another shape shows nothing. */
  readonly drift: Action | undefined
  /** A list keeps but members of the value here. A scalar has none: `drift` removes it. */
  readonly isPart: boolean
}

// All states have one shape, their fields in one order: reading them stays cheap.
function createClosedState(lifted: boolean): State {
  const state = {
    action: undefined,
    lifted,
    passes: true,
    keys: new KeyTable<State>(new Map()),
    otherwise: undefined as unknown as State,
    strongest: undefined,
    drift: undefined,
    isPart: false,
  }
  state.otherwise = state
  return Object.freeze(state)
}

/** Where no rule by path speaks. */
export const EMPTY_STATE: State = createClosedState(false)

const LIFTED_STATE: State = createClosedState(true)

/** Creates the state of a value that is masked; `drift` removes scalars that a list does not keep. */
export function createMaskedState(action: Action, drift?: Action): State {
  const { keys, otherwise } = EMPTY_STATE
  const isPart = drift !== undefined
  return Object.freeze({ action, lifted: false, passes: false, keys, otherwise, strongest: action, drift, isPart })
}

/** What a state is created of. */
type StateParts = Pick<State, 'otherwise' | 'drift'> & {
  readonly keys: ReadonlyMap<string, State>
  readonly lifted?: boolean
  readonly isPart?: boolean
}

/** Creates a state of what lies under some keys. One that says nothing is {@link EMPTY_STATE}, so that one comparison tells. */
export function createState({ keys, otherwise, drift, lifted = false, isPart = false }: StateParts): State {
  if (keys.size === 0 && otherwise === EMPTY_STATE && !isPart) return EMPTY_STATE
  const strongest = strongestOf([...keys.values(), otherwise])
  return Object.freeze({
    action: undefined,
    lifted,
    passes: false,
    keys: new KeyTable(keys),
    otherwise,
    strongest,
    drift,
    isPart,
  })
}

/** The strongest action in some states. */
export function strongestOf(states: readonly State[]): Action | undefined {
  return states.map(({ strongest }) => strongest).reduce(strongerAction, undefined)
}

/** The state of what an exemption names. */
export function liftedState(): State {
  return LIFTED_STATE
}

/** Of two actions the one that leaves less to see; of equals the first. */
export function strongerAction(left: Action | undefined, right: Action | undefined): Action | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return strongerStrategy(left.strategy, right.strategy) === left.strategy ? left : right
}
