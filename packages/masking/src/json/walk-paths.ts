import { EMPTY_STATE, type State } from '../plan/state.ts'
import type { Action } from '../strategy/action.ts'
import { decodeString } from './decode.ts'
import { notJson, tooDeep } from './failure.ts'
import { type Page, removeMember, replaceValue } from './replace.ts'
import { skipColon, skipKey, skipScalar, skipSpace, skipValue } from './skip.ts'

/**
 * Masks a value by a plan that has rules by path alone; gives the index behind it, or a failure.
 *
 * What no rule leads to is skipped without a look at its keys, which is most of a record. The loops stand here once more,
 * beside those that look at every key, for speed: docs/reference/performance.md has the figures.
 */
export function walkPaths(page: Page, at: number, state: State, depth: number): number {
  const byte = page.bytes[at]
  if (byte === 0x7b) return depth === 0 ? tooDeep(at) : walkObject(page, at + 1, state, depth - 1)
  if (byte === 0x5b) return depth === 0 ? tooDeep(at) : walkArray(page, at + 1, state, depth - 1)
  return state.drift === undefined ? skipScalar(page.bytes, at) : replaceValue(page, at, state.drift, depth)
}

// Arrays are transparent: an element stands where its array stands.
function walkArray(page: Page, at: number, state: State, depth: number): number {
  const { bytes } = page
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x5d) return at + 1
  for (;;) {
    at = walkPaths(page, at, state, depth)
    if (at < 0) return at
    at = skipSpace(bytes, at)
    if (bytes[at] === 0x5d) return at + 1
    if (bytes[at] !== 0x2c) return notJson(at)
    at = skipSpace(bytes, at + 1)
  }
}

function walkObject(page: Page, at: number, state: State, depth: number): number {
  const { bytes } = page
  let keptEnd = -1
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x7d) return at + 1
  for (;;) {
    const start = at
    if (bytes[at] !== 0x22) return notJson(at)
    const key = skipKey(bytes, at + 1)
    if (key < 0) return key
    const below = stateBelow(state, bytes, start, key)
    at = skipColon(bytes, key >> 1)
    if (at < 0) return at
    const action = memberAction(below, bytes[at] as number)
    if (action !== undefined && !action.removes) at = replaceValue(page, at, action, depth)
    else at = below.passes || action !== undefined ? skipValue(bytes, at, depth) : walkPaths(page, at, below, depth)
    if (at < 0) return at
    const end = at
    at = skipSpace(bytes, at)
    const byte = bytes[at]
    if (byte !== 0x2c && byte !== 0x7d) return notJson(at)
    const next = byte === 0x2c ? skipSpace(bytes, at + 1) : at
    if (action?.removes !== true) keptEnd = end
    else keptEnd = removeMember(page, { start, end, next, keptEnd }, action)
    if (byte === 0x7d) return at + 1
    at = next
  }
}

/** What becomes of a member by its state and the first byte of its value: where a list keeps but members, a scalar goes. */
export function memberAction(below: State, first: number): Action | undefined {
  return below.isPart && first !== 0x7b && first !== 0x5b && first !== 0x6e ? below.drift : below.action
}

/** The state under a key whose quote opens at `start`; `key` is what `skipKey` gave. */
export function stateBelow(state: State, bytes: Buffer, start: number, key: number): State {
  if (state === EMPTY_STATE) return state
  const found =
    (key & 1) === 0
      ? state.keys.find(bytes, start + 1, (key >> 1) - 1)
      : state.keys.get(decodeString(bytes, start, key >> 1))
  return found ?? state.otherwise
}
