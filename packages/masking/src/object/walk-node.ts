import { maskFreeNumber, maskFreeText } from '../json/free-text.ts'
import { maskNestedText } from '../json/walk.ts'
import { countChange, type Work } from '../json/work.ts'
import { foldKey } from '../plan/fold-key.ts'
import { type State, strongerAction } from '../plan/state.ts'
import type { Action } from '../strategy/action.ts'
import { checkJson, checkScalar, type Members, membersOf } from './json-kind.ts'
import { replacementOf } from './replace-value.ts'
import { WithheldSignal } from './withheld-signal.ts'

const FIRST_LONGER_THAN_CARDS = 1e19

/** Gives the value as it may be seen: itself when nothing in it is masked. Throws {@link WithheldSignal}. */
export function walkNode(work: Work, value: unknown, state: State, depth: number): unknown {
  const { everywhere } = work.plan
  if (state.passes && (state.lifted || !everywhere)) {
    checkJson(value, depth)
    return value
  }
  if (typeof value === 'object' && value !== null) {
    if (depth === 0) throw new WithheldSignal('too-deep')
    return Array.isArray(value)
      ? walkElements(work, value, state, depth - 1)
      : walkMembers(work, membersOf(value), state, depth - 1)
  }
  if (state.drift !== undefined) return replacementOf(work, value, state.drift, depth)
  checkScalar(value)
  return everywhere ? walkScalar(work, value) : value
}

function walkElements(work: Work, value: readonly unknown[], state: State, depth: number): unknown {
  const shown = value.map((element) => walkNode(work, element, state, depth))
  return shown.every((element, index) => Object.is(element, value[index])) ? value : shown
}

function walkMembers(work: Work, value: Members, state: State, depth: number): unknown {
  const shown: [string, unknown][] = []
  let same = true
  for (const key of Object.keys(value)) {
    const member = walkMember(work, key, value[key], state, depth)
    same &&= member?.[0] === key && Object.is(member[1], value[key])
    if (member !== undefined) shown.push(member)
  }
  return same ? value : fromMembers(shown)
}

// Assignment to `__proto__` would change the prototype instead of making a member.
function fromMembers(members: readonly [string, unknown][]): object {
  const result = {}
  for (const [key, value] of members)
    Object.defineProperty(result, key, { value, configurable: true, enumerable: true, writable: true })
  return result
}

function walkMember(
  work: Work,
  key: string,
  value: unknown,
  state: State,
  depth: number,
): [string, unknown] | undefined {
  const below = state.keys.get(key) ?? state.otherwise
  const action = actionFor(work, key, value, below)
  if (action?.removes === true) {
    checkJson(value, depth)
    countChange(work, action.target)
    return undefined
  }
  const shownKey = below.lifted || work.plan.detectors.length === 0 ? key : (maskText(work, key) ?? '')
  if (action !== undefined) return [shownKey, replacementOf(work, value, action, depth)]
  return [shownKey, walkNode(work, value, below, depth)]
}

function actionFor({ plan }: Work, key: string, value: unknown, below: State): Action | undefined {
  // A list keeps but members of the value, and a scalar has none.
  if (below.isPart && value != null && typeof value !== 'object') return below.drift
  if (below.lifted || plan.anywhere.size === 0) return below.action
  const anywhere = below.isPart ? plan.anywhereOnMembers : plan.anywhere
  return strongerAction(below.action, anywhere.get(foldKey(key)))
}

function walkScalar(work: Work, value: unknown): unknown {
  if (typeof value === 'string') return maskText(work, value)
  if (typeof value !== 'number' || work.plan.detectors.length === 0) return value
  const shown = isRoundedCard(value) ? maskRounded(work, value) : maskFreeNumber(work, value, String(value))
  if (shown === undefined) throw new WithheldSignal('token-key-missing')
  return shown
}

// The last digits of such a number were lost when it was parsed, the check digit with them; the others may be a card's.
function isRoundedCard(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < FIRST_LONGER_THAN_CARDS
}

function maskRounded(work: Work, value: number): unknown {
  const planned = work.plan.detectors.find(({ detector }) => detector.inNumbers)
  return planned === undefined ? value : replacementOf(work, value, planned.action, 0)
}

function maskText(work: Work, text: string): string | null {
  const shown = maskFreeText(work, text, 0, maskNestedText)
  if (shown === undefined) throw new WithheldSignal('token-key-missing')
  return shown
}
